import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Segment } from './segment.ts';
import { parseSegmentName, type SegmentName } from './segment-name.ts';

/** When a record reaches the disk itself, not only the operating system. */
export type SyncMode =
  /** When the operating system likes. Survives the death of the process, not of the machine. */
  | 'never'
  /** Within a second. */
  | 'interval'
  /** Before `append` returns. */
  | 'always';

/** Makes the directory if need be and lists the journal files in it, in order. @throws what the file system says. */
export function listSegments(dir: string): SegmentName[] {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return readdirSync(dir)
    .map(parseSegmentName)
    .filter((name) => name !== undefined)
    .sort((a, b) => a.sequence - b.sequence);
}

/** Free bytes for this process and total bytes of the file system, undefined where it does not say. */
export function freeSpace(dir: string): { free: number; total: number } | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(dir);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    return undefined;
  }
}

/** Makes a new file's name durable. Where directories cannot be synced this does nothing. */
export function syncDirectory(dir: string): void {
  try {
    const fd = openSync(dir, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows, and some network file systems: there is nothing more that can be done.
  }
}

/** The same in the background. */
async function syncDirectoryLater(dir: string): Promise<void> {
  try {
    const handle = await open(dir, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // As above.
  }
}

/** Segments whose bytes the disk may not have yet, and whether a file is new in the directory. */
export class SyncList {
  readonly #segments = new Set<Segment>();
  #newFile = false;

  add(segment: Segment): void {
    this.#segments.add(segment);
  }

  fileCreated(): void {
    this.#newFile = true;
  }

  /** Syncs in the background and closes what is sealed. Failed ones stay in the list. @returns the first error. */
  async sync(dir: string, isActive: (segment: Segment) => boolean): Promise<unknown> {
    let failed: unknown;
    if (this.#newFile) {
      this.#newFile = false;
      await syncDirectoryLater(dir);
    }
    for (const segment of [...this.#segments]) {
      try {
        await segment.sync();
        if (!segment.dirty) this.#done(segment, isActive);
      } catch (error) {
        failed ??= error;
        if (!isActive(segment)) this.#done(segment, isActive);
      }
    }
    return failed;
  }

  /** The same at once. @returns the first error. */
  syncNow(dir: string): unknown {
    let failed: unknown;
    if (this.#newFile) syncDirectory(dir);
    this.#newFile = false;
    for (const segment of this.#segments) {
      try {
        segment.syncNow();
      } catch (error) {
        failed ??= error;
      }
    }
    this.#segments.clear();
    return failed;
  }

  #done(segment: Segment, isActive: (segment: Segment) => boolean): void {
    this.#segments.delete(segment);
    if (!isActive(segment)) segment.close();
  }
}
