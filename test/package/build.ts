import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '..', '..');
export const command = join(root, 'dist', 'cli', 'main.js');
export const extension = join(root, 'bin', 'osquery-remote.ext');

/** Makes dist/ and bin/ from what is in src/ now; quick when they are. */
export async function ensureBuilt(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'prepare.mjs')]);
}
