import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Sockets are named after extensions below this directory, and a UNIX socket's path holds about 100 bytes. */
const longestPath = 60;

/** A new directory that nobody else can enter, with a short name. */
export function makeWorkDirectory(): string {
  const base = tmpdir().length > longestPath - 20 ? '/tmp' : tmpdir();
  return mkdtempSync(join(base, 'osquery-remote-'));
}

export function removeWorkDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}
