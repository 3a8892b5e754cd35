import { mkdirSync } from 'node:fs';
import type { Clock } from '../../../clock/index.ts';
import { SyncList, type SyncMode, syncDirectory } from './disk.ts';
import { type BehindWriter, DiskThread } from './disk-thread.ts';
import { realFiles, Segment, type SegmentFiles } from './segment.ts';
import type { StreamQueue } from './stream-queue.ts';
import { WriteBehind } from './write-behind.ts';

export interface SegmentStoreOptions {
  readonly dir: string;
  readonly writer: string;
  readonly clock: Clock;
  readonly sync: SyncMode;
  /** Every stream of the journal. */
  readonly streams: () => readonly StoredStream[];
  /** Whether there is enough free space to write. */
  readonly hasSpace: () => boolean;
  /** The disk refuses or has become slow, or (undefined) works again. Called on each change. */
  readonly onDisk: (error: unknown) => void;
  readonly files?: SegmentFiles;
  readonly slowWriter?: BehindWriter;
}

/** A stream, as far as its segments are concerned. */
export interface StoredStream {
  readonly queue: StreamQueue;
  readonly segmentBytes: number;
  readonly memorySegmentBytes: number;
  /** The highest number that a segment of this stream ever had. */
  sequence: number;
}

/** How long a disk that refused is left alone. */
const retryMs = 1000;
/**
 * A write that takes longer is slow: the thread that writes also answers osqueryd's pings. Twice that soon after each
 * other, and the disk thread takes over; once can be a busy machine.
 */
const slowMs = 20;
/** Once is enough. */
const stalledMs = 250;
/** So long no write may have been slow before frames are written directly again. */
const calmMs = 10_000;

/**
 * Puts frames into segments: in files as long as the disk takes them at once, else in memory.
 * - `memory`: not open yet, or the disk refused. It is tried again every second.
 * - `disk`: each frame is written when it comes.
 * - `slow`: the disk works, but takes its time. Frames go to memory, and a thread writes them down at once.
 */
export class SegmentStore {
  readonly #options: SegmentStoreOptions;
  readonly #files: SegmentFiles;
  readonly #slowWriter: BehindWriter;
  readonly #behind: WriteBehind;
  readonly #syncList = new SyncList();
  #mode: 'memory' | 'disk' | 'slow' = 'memory';
  #opened = false;
  #closed = false;
  #told = false;
  #retryAt = 0;
  /** When the disk was slow last. */
  #slowAt = Number.NEGATIVE_INFINITY;
  #syncedAt = Number.NEGATIVE_INFINITY;
  /** Bytes in files and memory. */
  storedBytes = 0;
  /** Of segments that do not count any more, and whose files are still there. */
  forgottenBytes = 0;
  memoryBytes = 0;
  /** Bytes written to files, ever. */
  writtenBytes = 0;

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
    this.#files = options.files ?? realFiles;
    this.#slowWriter = options.slowWriter ?? new DiskThread();
    this.#behind = new WriteBehind({
      dir: options.dir,
      writer: this.#slowWriter,
      waiting: () => this.#inMemory(),
      isActive: this.#isActive,
      sync: () => this.#mustSync(),
      onWritten: (bytes, tookMs, filed) => this.#writtenBehind(bytes, tookMs, filed),
      onError: (error) => {
        if (!this.#closed) this.refuse(error);
      },
    });
  }

  get mode(): 'memory' | 'disk' | 'slow' {
    return this.#mode;
  }

  /** The directory has been read: files may be written now. */
  opened(): void {
    this.#opened = true;
    for (const stream of this.#options.streams()) {
      for (const segment of stream.queue.segments) {
        // Made while the directory was being read.
        if (segment.sequence === undefined) segment.assign(++stream.sequence);
      }
    }
    this.#spill();
  }

  /** Appends a frame. Never fails: what the disk does not take stays in memory. */
  put(stream: StoredStream, frame: Buffer, size: number): { segment: Segment; offset: number } {
    if (this.#mode === 'memory') this.retry();
    else if (this.#mode === 'slow') this.#leaveSlow();
    const start = this.#options.clock.monotonic();
    const segment = this.#segmentFor(stream);
    const offset = segment.size;
    try {
      segment.append(frame, size);
    } catch (error) {
      this.refuse(error);
      return this.put(stream, frame, size);
    }
    this.storedBytes += size;
    if (segment.inMemory) this.memoryBytes += size;
    else this.#written(segment, size, start);
    return { segment, offset };
  }

  /** To be called when the frame is entered in the queue. */
  entered(stream: StoredStream): void {
    if (this.#mode === 'slow') this.#behind.added();
    const { active } = stream.queue;
    if (active === undefined) return;
    const limit = active.inMemory ? stream.memorySegmentBytes : stream.segmentBytes;
    if (active.size >= limit) this.seal(stream);
  }

  seal(stream: StoredStream): void {
    const segment = stream.queue.seal();
    // What is still to be synced is closed then.
    if (this.#options.sync !== 'interval' || segment?.dirty === false) segment?.close();
    if (segment?.toFile() === true) this.memoryBytes -= segment.size;
  }

  /** Looks whether the disk works again, at most once a second, and writes down what waits. */
  retry(): void {
    if (!this.#opened || this.#closed) return;
    if (this.#mode === 'slow') this.#leaveSlow();
    else if (this.#mode === 'memory' && this.#options.clock.monotonic() >= this.#retryAt) this.#spill();
  }

  /** From now on frames wait in memory. */
  refuse(error: unknown): void {
    this.#retryAt = this.#options.clock.monotonic() + retryMs;
    this.#leaveDisk('memory', error);
  }

  /** Counts a segment in which nothing waits no longer. Its file is still there. */
  forget(segment: Segment): void {
    if (segment.forgotten) return;
    segment.forgotten = true;
    this.storedBytes -= segment.size;
    this.forgottenBytes += segment.size;
    this.memoryBytes -= segment.memoryBytes;
  }

  /** Removes a segment in which nothing waits. */
  remove(segment: Segment): void {
    this.forget(segment);
    this.forgottenBytes -= segment.size;
    segment.remove(this.#mode === 'slow');
  }

  /** Makes sure, in the background, that the disk has what was appended. @returns an error, if any. */
  sync(): Promise<unknown> {
    return this.#syncList.sync(this.#options.dir, this.#isActive);
  }

  /** Writes down what can be, syncs and closes. @returns an error, if any. */
  async close(): Promise<unknown> {
    if (this.#closed) return undefined;
    if (this.#mode === 'memory' && this.#opened) this.#spill();
    if (this.#opened) await this.#behind.drain();
    this.#closed = true;
    // Blocks for once: libuv's pool may be full of requests that hang.
    const error = this.#syncList.syncNow(this.#options.dir);
    for (const { queue } of this.#options.streams()) {
      for (const segment of queue.segments) segment.close();
    }
    await this.#slowWriter.close();
    return error;
  }

  readonly #isActive = (segment: Segment): boolean =>
    this.#options.streams().some(({ queue }) => queue.active === segment);

  #segmentFor(stream: StoredStream): Segment {
    const { queue } = stream;
    if (queue.active !== undefined) return queue.active;
    const { dir, writer } = this.#options;
    const segment = Segment.inMemory(queue.stream, writer, this.#files);
    if (this.#opened) segment.assign(++stream.sequence);
    queue.segments.push(segment);
    queue.active = segment;
    if (this.#mode === 'disk') {
      try {
        segment.spill(dir);
        this.#fileCreated();
      } catch (error) {
        this.refuse(error);
      }
    }
    return segment;
  }

  #written(segment: Segment, size: number, start: number): void {
    const { sync, clock } = this.#options;
    this.writtenBytes += size;
    if (sync === 'interval') this.#syncList.add(segment);
    const now = clock.monotonic();
    const tookMs = now - start;
    if (tookMs > slowMs) {
      const again = now - this.#slowAt < calmMs;
      this.#slowAt = now;
      this.#slowWriter.prepare();
      if (again || tookMs > stalledMs) {
        this.#leaveDisk('slow', new Error(`the disk is slow: a write took ${Math.round(tookMs)} ms`));
      }
    }
    if (sync !== 'always') return;
    try {
      segment.syncNow();
    } catch (error) {
      this.refuse(error);
    }
  }

  #writtenBehind(bytes: number, tookMs: number, filed: Segment | undefined): void {
    this.writtenBytes += bytes;
    if (tookMs > slowMs) this.#slowAt = this.#options.clock.monotonic();
    if (filed === undefined) return;
    this.memoryBytes -= filed.size;
    this.#fileCreated();
  }

  /** Back to direct writing, when the disk has been quick for a while and has everything. */
  #leaveSlow(): void {
    this.#behind.pump();
    if (!this.#behind.idle || this.#options.clock.monotonic() - this.#slowAt < calmMs) return;
    for (const stream of this.#options.streams()) this.seal(stream);
    this.#enterDisk();
  }

  #mustSync(): boolean {
    const { sync, clock } = this.#options;
    if (sync !== 'interval') return sync === 'always';
    if (clock.monotonic() - this.#syncedAt < 1000) return false;
    this.#syncedAt = clock.monotonic();
    return true;
  }

  *#inMemory(): Generator<Segment> {
    for (const { queue } of this.#options.streams()) {
      for (const segment of queue.segments) if (segment.inMemory) yield segment;
    }
  }

  #leaveDisk(mode: 'memory' | 'slow', error: unknown): void {
    for (const stream of this.#options.streams()) {
      if (stream.queue.active?.inMemory === false) this.seal(stream);
    }
    this.#mode = mode;
    if (this.#told) return;
    this.#told = true;
    this.#options.onDisk(error);
  }

  #enterDisk(): void {
    this.#mode = 'disk';
    if (this.#told) this.#options.onDisk(undefined);
    this.#told = false;
  }

  #fileCreated(): void {
    const { sync, dir } = this.#options;
    if (sync === 'always') syncDirectory(dir);
    else if (sync === 'interval') this.#syncList.fileCreated();
  }

  /** Writes what waits in memory to its files, in order, until all is written or the disk refuses. */
  #spill(): void {
    const { dir, sync, streams, hasSpace } = this.#options;
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      if (!hasSpace()) throw new Error('the file system is nearly full');
      for (const { queue } of streams()) {
        for (const segment of queue.segments) {
          if (!segment.inMemory) continue;
          segment.spill(dir);
          this.memoryBytes -= segment.size;
          this.writtenBytes += segment.size;
          this.#fileCreated();
          if (sync === 'interval') this.#syncList.add(segment);
          if (sync === 'always') segment.syncNow();
          if (segment !== queue.active && sync !== 'interval') segment.close();
        }
      }
    } catch (error) {
      this.refuse(error);
      return;
    }
    this.#enterDisk();
  }
}
