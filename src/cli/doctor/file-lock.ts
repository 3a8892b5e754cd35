import { readFileSync, statSync } from 'node:fs';

/** The process that has locked a file (`fcntl`), as Linux tells; `undefined` for none, and where nobody tells. */
export function lockHolder(path: string): number | undefined {
  let locks: string;
  let inode: bigint;
  try {
    locks = readFileSync('/proc/locks', 'latin1');
    inode = statSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
  return holderIn(locks, inode);
}

/** Reads lines as `1: POSIX  ADVISORY  WRITE 2557 fe:00:100277 0 EOF`: pid, and device and inode of the file. */
export function holderIn(locks: string, inode: bigint): number | undefined {
  for (const line of locks.split('\n')) {
    const [, pid, file] = /^\d+: POSIX +ADVISORY +WRITE +(\d+) [\da-f]+:[\da-f]+:(\d+) /.exec(line) ?? [];
    if (file === String(inode)) return Number(pid);
  }
  return undefined;
}
