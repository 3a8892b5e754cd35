import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  unlink,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSegmentName, type SegmentName } from './segment-name.ts';

/** What a segment needs of the file system. Tests put faults in here. */
export interface SegmentFiles {
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
}

export const realFiles: SegmentFiles = { write: writeSync };

/**
 * A piece of a stream's journal: frames of one writer, one after the other. It stands in a file, or, while the store
 * is not open or the disk refuses, in memory with the same bytes, to be written to its file later.
 */
export class Segment {
  readonly writer: string;
  readonly stream: SegmentName['stream'];
  size = 0;
  /** Blocks that still wait in here. At 0 a sealed segment can go. */
  blocks = 0;
  #sequence: number | undefined;
  #path: string | undefined;
  #fd: number | undefined;
  #memory: Buffer | undefined;
  /** Bytes of `#memory` that are in the file. */
  #written = 0;
  /** Another thread is writing. */
  #writing = false;
  /** It does not count any more: nothing waits in it. */
  forgotten = false;
  #removed = false;
  #dirty = false;
  #syncing = 0;
  #closing = false;
  readonly #files: SegmentFiles;

  private constructor(
    stream: SegmentName['stream'],
    writer: string,
    files: SegmentFiles,
    memory: Buffer | undefined,
  ) {
    this.stream = stream;
    this.writer = writer;
    this.#files = files;
    this.#memory = memory;
  }

  /** A segment that stands in memory until `spill`. */
  static inMemory(stream: SegmentName['stream'], writer: string, files: SegmentFiles): Segment {
    return new Segment(stream, writer, files, Buffer.allocUnsafe(4096));
  }

  /** A segment that an earlier opening left. */
  static existing(dir: string, name: SegmentName, size: number, files: SegmentFiles): Segment {
    const segment = new Segment(name.stream, name.writer, files, undefined);
    segment.#sequence = name.sequence;
    segment.#path = join(dir, formatSegmentName(name));
    segment.size = size;
    return segment;
  }

  get sequence(): number | undefined {
    return this.#sequence;
  }

  get inMemory(): boolean {
    return this.#memory !== undefined;
  }

  /** Bytes of memory that it takes. */
  get memoryBytes(): number {
    return this.#memory === undefined ? 0 : this.size;
  }

  /** The place among the segments of its stream, needed for a file name. A segment keeps it. */
  assign(sequence: number): void {
    this.#sequence ??= sequence;
  }

  /**
   * Appends a frame. A file is written with one `write`, at the known end, so that what a failed write left is
   * overwritten by the next.
   * @throws what the file system says. Then nothing was appended.
   */
  append(frame: Buffer, length: number): void {
    if (this.#memory !== undefined) {
      this.#remember(this.#memory, frame, length);
      return;
    }
    if (this.#fd === undefined) throw new Error('segment is sealed');
    try {
      this.#dirty = true;
      this.#writeAll(this.#fd, frame, length, this.size);
    } catch (error) {
      this.#cutBack(this.#fd);
      throw error;
    }
    this.size += length;
  }

  /** Puts what stood in memory into its file, and keeps the file open for more. @throws as `append`. */
  spill(dir: string): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    const path = join(dir, this.#fileName());
    // Not truncated: what is in it already is the same.
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      this.#writeAll(fd, memory, this.size, 0);
    } catch (error) {
      closeSync(fd);
      if (this.#written === 0) removeQuietly(path);
      throw error;
    }
    this.#fd = fd;
    this.#path = path;
    this.#memory = undefined;
    this.#dirty = this.size > 0;
  }

  /** How much of what stands in memory is in the file already, because another thread has written it. */
  get written(): number {
    return this.#written;
  }

  get hasUnwritten(): boolean {
    return this.#memory !== undefined && this.#written < this.size;
  }

  /** What another thread is to write next. `writeEnded` must follow. */
  unwritten(dir: string): { path: string; bytes: Uint8Array<ArrayBuffer>; position: number } {
    this.#path = join(dir, this.#fileName());
    this.#writing = true;
    const bytes = new Uint8Array(this.size - this.#written);
    this.#memory?.copy(bytes, 0, this.#written, this.size);
    return { path: this.#path, bytes, position: this.#written };
  }

  /** @param end what is in the file now; undefined if it failed. */
  writeEnded(end: number | undefined): void {
    this.#writing = false;
    this.#written = end ?? this.#written;
    // Nothing waits in it any more, and the file came behind.
    if (this.#removed && this.#path !== undefined) removeQuietly(this.#path);
  }

  /** From now on it is read from its file. @returns false if not all of it is there. */
  toFile(): boolean {
    if (this.#memory === undefined || this.#writing || this.#written < this.size) return false;
    this.#memory = undefined;
    return true;
  }

  /** A copy of what stands in memory. */
  memoryCopy(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.#memory === undefined ? 0 : this.size);
    this.#memory?.copy(copy, 0, 0, this.size);
    return copy;
  }

  /** Reads without blocking. A memory segment gives a copy. */
  async read(offset: number, length: number): Promise<Buffer> {
    if (this.#memory !== undefined) return Buffer.from(this.#memory.subarray(offset, offset + length));
    if (this.#path === undefined) return Buffer.alloc(0);
    const handle = await open(this.#path, 'r');
    try {
      const buffer = Buffer.allocUnsafeSlow(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    } finally {
      await handle.close();
    }
  }

  /** Makes sure that the disk has it. Blocks. @throws what the file system says. */
  syncNow(): void {
    if (this.#fd === undefined || !this.#dirty) return;
    fdatasyncSync(this.#fd);
    this.#dirty = false;
  }

  /** The same in the background. */
  sync(): Promise<void> {
    const fd = this.#fd;
    if (fd === undefined || !this.#dirty) return Promise.resolve();
    this.#dirty = false;
    this.#syncing += 1;
    return new Promise((resolve, reject) => {
      fdatasync(fd, (error) => {
        this.#syncing -= 1;
        if (this.#closing && this.#syncing === 0) closeSync(fd);
        if (error === null) {
          resolve();
          return;
        }
        this.#dirty = true;
        reject(error);
      });
    });
  }

  get dirty(): boolean {
    return this.#dirty;
  }

  /** Closes the file, after a sync that is under way. It can still be read. */
  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    this.#closing = this.#syncing > 0;
    if (!this.#closing) closeSync(fd);
  }

  /**
   * Removes the file. One that cannot be removed stays behind, and is looked at again by the next opening.
   * @param later in the background, because the disk is slow.
   */
  remove(later: boolean): void {
    this.close();
    this.#removed = true;
    this.#memory = undefined;
    this.#dirty = false;
    this.size = 0;
    if (this.#path === undefined || this.#writing) return;
    if (later) unlink(this.#path, () => undefined);
    else removeQuietly(this.#path);
  }

  #fileName(): string {
    const { stream, writer } = this;
    return formatSegmentName({ stream, sequence: this.#sequence ?? 0, writer });
  }

  #remember(memory: Buffer, frame: Buffer, length: number): void {
    let target = memory;
    if (this.size + length > target.length) {
      target = Buffer.allocUnsafeSlow(Math.max(target.length * 2, this.size + length));
      memory.copy(target, 0, 0, this.size);
      this.#memory = target;
    }
    frame.copy(target, this.size, 0, length);
    this.size += length;
  }

  #writeAll(fd: number, bytes: Buffer, length: number, position: number): void {
    let written = 0;
    while (written < length) {
      const count = this.#files.write(fd, bytes, written, length - written, position + written);
      if (count <= 0) throw new Error('the file system wrote nothing');
      written += count;
    }
  }

  #cutBack(fd: number): void {
    try {
      ftruncateSync(fd, this.size);
    } catch {
      // Then a torn tail stays behind, which the next opening skips.
    }
  }
}

/** The bytes of a file that an earlier opening left. @throws what the file system says. */
export function readSegmentFile(dir: string, name: SegmentName): Promise<Buffer> {
  return readFile(join(dir, formatSegmentName(name)));
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The next opening takes what is there.
  }
}
