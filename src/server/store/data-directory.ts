import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StoreError } from './database.ts';

/** Where the server keeps what it knows. The operator token, logs and results are readable by the owner alone. */
export interface DataDirectory {
  readonly path: string;
  /** Removes the directory if it was made for this run only. */
  dispose(): Promise<void>;
}

/**
 * Makes or opens the data directory.
 * @param path default: a fresh directory that `dispose` removes.
 * @throws {StoreError} when it cannot be made, or when everyone can write to it.
 */
export async function openDataDirectory(path?: string): Promise<DataDirectory> {
  if (path === undefined) {
    const made = await mkdtemp(join(tmpdir(), 'osquery-remote-server-'));
    await makeParts(made);
    return { path: made, dispose: () => rm(made, { recursive: true, force: true }) };
  }
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    // A directory that was there keeps its mode: it may be shared for a reason. What is private has its own below.
    if (((await stat(path)).mode & 0o002) !== 0) {
      throw new StoreError(
        `everyone can write to the data directory ${path}; choose one that is yours alone`,
      );
    }
    await makeParts(path);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot make the data directory ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return { path: resolve(path), dispose: async () => {} };
}

/** The directories below, readable by the owner alone. */
async function makeParts(path: string): Promise<void> {
  for (const part of ['db', 'logs']) await mkdir(join(path, part), { recursive: true, mode: 0o700 });
}

/** Writes a file that only its owner can read, also when it was there with other permissions. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
}
