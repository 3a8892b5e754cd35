import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { ExtensionError } from './errors.ts';

/** Whether this is a named pipe of Windows, which has no file. */
export function isPipe(path: string): boolean {
  return /^\\\\[.?]\\pipe\\/i.test(path);
}

/** Which socket is at a path: another text when another process has bound it anew; `undefined` when there is none. */
export function socketMark(path: string): string | undefined {
  if (isPipe(path)) return 'pipe';
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.ctimeNs}`;
}

/** Whether there is a file at the path; of a pipe, which cannot be removed, true. */
export function isSocketThere(path: string): boolean {
  return isPipe(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether there is something at the path that is no socket. */
export function isOtherFile(path: string): boolean {
  return !isPipe(path) && statSync(path, { throwIfNoEntry: false })?.isSocket() === false;
}

/** Removes what an earlier process may have left. */
export function unlinkSocket(path: string): void {
  if (isPipe(path)) return;
  try {
    unlinkSync(path);
  } catch {
    // It was not there, or is not ours to remove: then binding tells.
  }
}

/** Longest path that a UNIX socket can have: 108 bytes with the final zero on Linux, 104 on macOS. */
const maxPathBytes = process.platform === 'linux' ? 107 : 103;
const longestUuid = '65535';

/**
 * A path that is too long would be cut without a word, and another one be used.
 * @param manager path of osqueryd's extensions socket. Ours is that path and an id.
 * @throws {ExtensionError} `arguments`
 */
export function checkPathLength(manager: string): void {
  if (isPipe(manager) || Buffer.byteLength(`${manager}.${longestUuid}`) <= maxPathBytes) return;
  const most = maxPathBytes - longestUuid.length - 1;
  throw new ExtensionError(
    'arguments',
    `${manager} is longer than ${most} bytes, which leaves no room for the extension's own socket beside it: give osqueryd a shorter --extensions_socket`,
  );
}
