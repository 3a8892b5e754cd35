import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StoreError } from './database.ts';

/** Where the server keeps what it knows. Readable by its owner alone: it holds the operator token and all results. */
export interface DataDirectory {
  readonly path: string;
  /** Removes the directory if it was made for this run only. */
  dispose(): Promise<void>;
}

/**
 * Makes or opens the data directory.
 * @param path default: a fresh directory that `dispose` removes.
 * @throws {StoreError} when it cannot be made.
 */
export async function openDataDirectory(path?: string): Promise<DataDirectory> {
  if (path === undefined) {
    const made = await mkdtemp(join(tmpdir(), 'osquery-remote-server-'));
    return { path: made, dispose: () => rm(made, { recursive: true, force: true }) };
  }
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (error) {
    throw new StoreError(`cannot make the data directory ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return { path: resolve(path), dispose: async () => {} };
}

/** Writes a file that only its owner can read, also when it was there with other permissions. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
}
