import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

/** The store cannot be where it is to be. The message says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * Makes the directory of the store, mode 0700, or checks the one that is there.
 * @throws {StoreError} when it is no directory, belongs to somebody else, or others can write there.
 */
export function prepareDirectory(path: string): void {
  const before = stat(path) ?? make(path);
  if (!before.isDirectory()) {
    throw new StoreError(
      `${path} is not a directory; remove it, or set OSQUERY_REMOTE_STORE to another place`,
    );
  }
  if (process.platform === 'win32') return;
  checkOwner(path, before);
  if ((before.mode & 0o022) !== 0) {
    throw new StoreError(
      `others can write in ${path} (mode ${octal(before)}); after a look at what is in it: chmod 700 ${path}`,
    );
  }
  const parent = dirname(path);
  const above = stat(parent);
  // In a sticky directory nobody can put another directory in the place of ours.
  if (above !== undefined && (above.mode & 0o002) !== 0 && (above.mode & 0o1000) === 0) {
    throw new StoreError(
      `others can write in ${parent} (mode ${octal(above)}) and replace the store there: chmod o-w ${parent}`,
    );
  }
  if ((before.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

function make(path: string): Stats {
  try {
    makeWithParents(path);
    return lstatSync(path);
  } catch (error) {
    throw new StoreError(
      `${path} cannot be made (${reason(error)}); set OSQUERY_REMOTE_STORE to a directory that can`,
    );
  }
}

/** Not `recursive`: below `/proc` Node 20 never comes back from that. */
function makeWithParents(path: string): void {
  const parent = dirname(path);
  if (parent !== path && stat(parent) === undefined) makeWithParents(parent);
  mkdirSync(path, { mode: 0o700 });
}

function checkOwner(path: string, { uid }: Stats): void {
  const own = process.geteuid?.() ?? 0;
  if (uid === own || uid === 0) return;
  throw new StoreError(
    `${path} belongs to uid ${uid}, and this runs as uid ${own}: chown ${own} ${path}, or set OSQUERY_REMOTE_STORE`,
  );
}

function stat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new StoreError(
      `${path} cannot be looked at (${reason(error)}); set OSQUERY_REMOTE_STORE to another place`,
    );
  }
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8);
}

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
