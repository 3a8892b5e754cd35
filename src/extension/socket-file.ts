import { lstatSync, unlinkSync } from 'node:fs';

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
export const maxSocketPathBytes = process.platform === 'linux' ? 107 : 103;
