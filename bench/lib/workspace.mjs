import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const extensionFile = join(root, 'bin/osquery-remote.ext');

/** A directory of its own for one bench, removed when the process ends. Its path is short: UNIX socket paths are. */
export function newWorkspace() {
  const dir = mkdtempSync(join(tmpdir(), 'osqb-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Where peers that were fetched and built are kept for the next run. */
export function peerCache() {
  const dir = join(root, 'node_modules/.cache/osquery-remote-bench');
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** Why the compiled package cannot be measured, or undefined when it can. */
export function missing(...files) {
  const file = files.find((name) => !existsSync(join(root, name)));
  return file === undefined ? undefined : `${file} is not there: npm run build`;
}
