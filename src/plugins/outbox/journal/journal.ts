import { mkdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { StreamName } from '../../../api.ts';
import type { Clock } from '../../../clock/index.ts';
import {
  type Caps,
  type Loss,
  type LossReason,
  missingFreeBytes,
  portions,
  sacrificeOrder,
} from '../caps.ts';
import type { Block } from './block.ts';
import { freeSpace, listSegments, SyncList, type SyncMode, syncDirectory } from './disk.ts';
import { type Frame, frameSeed, frameSize, maxLabelBytes, writeFrame } from './frame.ts';
import { type Gap, inGap } from './gaps.ts';
import { recoverStream } from './recover.ts';
import { scanFrames } from './scan.ts';
import { realFiles, Segment, type SegmentFiles } from './segment.ts';
import { type QueuePosition, StreamQueue } from './stream-queue.ts';
import { StreamReader } from './stream-reader.ts';

export interface JournalOptions {
  readonly dir: string;
  /** Random, never used before. */
  readonly writer: string;
  readonly clock: Clock;
  readonly caps: Caps;
  readonly sync: SyncMode;
  /** Called at once and often; must be cheap and must not throw. */
  readonly onLoss: (loss: Loss) => void;
  /** The disk refuses (`error`), or works again (undefined). Called on each change. */
  readonly onDisk: (error: unknown) => void;
  readonly files?: SegmentFiles;
}

export interface AppendOptions {
  /** Lines in the record, as far as that is known without looking. Default 1. */
  readonly lines?: number;
  /** A name under which the record can be found, replaced and cancelled while it waits. */
  readonly key?: string;
  /** Kept beside the key. */
  readonly tag?: string;
  /** Whether it takes the place of waiting records of the same key. Default false. */
  readonly replaces?: boolean;
  /** Deliver only this row of the record. */
  readonly onlyRow?: number;
  /** Default: now. */
  readonly acceptedAt?: number;
}

/** What was acknowledged in an earlier opening. */
export interface StoredPosition {
  readonly position: QueuePosition;
  readonly gaps: readonly Gap[];
}

interface Stream {
  queue: StreamQueue;
  reader: StreamReader;
  readonly seed: number;
  readonly segmentBytes: number;
  readonly memorySegmentBytes: number;
  /** The highest number that a segment of this stream ever had. */
  sequence: number;
}

const streamNames: readonly StreamName[] = ['result', 'status', 'distributed'];
/** How long a disk that refused is left alone. */
const retryDiskMs = 1000;
/** Free space is looked at after so many bytes or so much time. A `statfs` costs about as much as an append. */
const freeCheckBytes = 256 * 1024;
const freeCheckMs = 1000;

/**
 * The records of all streams, on disk where possible and in memory where not. `append` is synchronous and never
 * throws; everything else may wait.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #files: SegmentFiles;
  readonly #streams: Record<StreamName, Stream>;
  readonly #syncList = new SyncList();
  #scratch = Buffer.allocUnsafeSlow(64 * 1024);
  /** `memory`: the store is not open, or the disk refused. */
  #mode: 'memory' | 'disk' = 'memory';
  #opened = false;
  #retryAt = 0;
  #storedBytes = 0;
  #memoryBytes = 0;
  #uncheckedBytes = freeCheckBytes;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** `onDisk` was told that the disk refuses. */
  #told = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#files = options.files ?? realFiles;
    this.#streams = {
      result: this.#newStream('result'),
      status: this.#newStream('status'),
      distributed: this.#newStream('distributed'),
    };
  }

  queue(stream: StreamName): StreamQueue {
    return this.#streams[stream].queue;
  }

  /** Good until `open`, which makes new ones. */
  reader(stream: StreamName): StreamReader {
    return this.#streams[stream].reader;
  }

  get writer(): string {
    return this.#options.writer;
  }

  /** Bytes in files and memory. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /**
   * Reads what earlier openings left, and writes down what was appended before. If the disk refuses, records go on
   * waiting in memory and it is tried again later.
   */
  async open(stored: Partial<Record<StreamName, StoredPosition>>): Promise<void> {
    const { dir } = this.#options;
    let names: ReturnType<typeof listSegments> = [];
    let failed: unknown;
    try {
      names = listSegments(dir);
    } catch (error) {
      failed = error;
    }
    for (const stream of streamNames) {
      const ours = names.filter((name) => name.stream === stream);
      await this.#recover(stream, ours, stored[stream]);
    }
    this.#opened = true;
    if (failed === undefined) this.#spill();
    else this.#diskRefuses(failed);
    this.#enforceCaps();
  }

  /** @returns the number of the record, or undefined if it is larger than all that may be kept. */
  append(
    stream: StreamName,
    kind: Frame['kind'],
    bytes: Uint8Array,
    options: AppendOptions = {},
  ): number | undefined {
    const { clock, caps } = this.#options;
    const { lines = 1, key = '', tag = '', replaces = false, onlyRow, acceptedAt = clock.now() } = options;
    const target = this.#streams[stream];
    if (this.#mode === 'memory') this.retryDisk();
    const number = target.queue.nextNumber++;
    const frame: Frame = {
      number,
      kind,
      lines,
      acceptedAt,
      key: shorten(key),
      tag: shorten(tag),
      replaces,
      onlyRow,
      bytes,
    };
    const size = frameSize(frame);
    if (size > caps.maxBytes) {
      this.#lost(stream, lines, 'bytes');
      return undefined;
    }
    let buffer = this.#scratch;
    if (size > buffer.length) buffer = Buffer.allocUnsafeSlow(size);
    writeFrame(buffer, frame, target.seed);
    this.#put(target, frame, buffer, size);
    this.#enforceCaps();
    return number;
  }

  /** Looks whether the disk works again, at most once a second. */
  retryDisk(): void {
    if (!this.#opened || this.#mode === 'disk' || this.#options.clock.monotonic() < this.#retryAt) return;
    this.#spill();
  }

  /** Drops what is over a cap. `append` does that too; without appends age and free space still change. */
  enforceCaps(): void {
    this.#enforceCaps();
  }

  /** What is to be stored as acknowledged. Nothing before `open`. */
  position(stream: StreamName): StoredPosition | undefined {
    if (!this.#opened) return undefined;
    const { queue, sequence } = this.#streams[stream];
    return queue.position(sequence);
  }

  /** Segments in which nothing waits. Their files may go when the positions behind them are stored. */
  takeEmptied(): Segment[] {
    const all: Segment[] = [];
    for (const stream of streamNames) {
      const { queue, segmentBytes } = this.#streams[stream];
      const { active } = queue;
      // An active one goes too, once it has a size that is worth a new file.
      if (active?.blocks === 0 && active.size >= segmentBytes / 8) queue.seal();
      all.push(...queue.emptied);
      queue.emptied = [];
    }
    return all;
  }

  removeSegments(segments: readonly Segment[]): void {
    for (const segment of segments) this.#remove(segment);
  }

  /** Makes sure, in the background, that the disk has what was appended. @returns an error, if any. */
  sync(): Promise<unknown> {
    return this.#syncList.sync(this.#options.dir, this.#isActive);
  }

  /** Writes down what can be, syncs and closes. */
  close(): unknown {
    if (this.#opened) this.#spill();
    const error = this.#syncList.syncNow(this.#options.dir, this.#isActive);
    for (const stream of streamNames) this.#streams[stream].queue.active?.close();
    return error;
  }

  readonly #isActive = (segment: Segment): boolean => this.#streams[segment.stream].queue.active === segment;

  #newStream(stream: StreamName): Stream {
    const { writer, caps } = this.#options;
    const { segmentBytes, memorySegmentBytes, block } = portions(caps, stream);
    const queue = new StreamQueue(stream, writer, block, (lines) => this.#lost(stream, lines, 'replaced'));
    const reader = this.#newReader(queue);
    return { queue, reader, seed: frameSeed(stream, writer), segmentBytes, memorySegmentBytes, sequence: 0 };
  }

  #newReader(queue: StreamQueue): StreamReader {
    return new StreamReader(queue, (lines) => this.#lost(queue.stream, lines, 'damaged'));
  }

  async #recover(
    stream: StreamName,
    names: ReturnType<typeof listSegments>,
    stored: StoredPosition | undefined,
  ): Promise<void> {
    const { dir, writer, caps } = this.#options;
    const target = this.#streams[stream];
    // What was replaced in an earlier opening was counted then.
    let recovering = true;
    const { queue, damagedLines, done } = await recoverStream(
      {
        dir,
        stream,
        writer,
        names,
        position: stored?.position,
        gaps: stored?.gaps ?? [],
        limits: portions(caps, stream).block,
        files: this.#files,
      },
      () => turn(),
      (lines) => {
        if (!recovering) this.#lost(stream, lines, 'replaced');
      },
    );
    recovering = false;
    queue.gaps = stored?.gaps ?? [];
    this.#storedBytes += queue.segments.reduce((sum, segment) => sum + segment.size, 0);
    for (const segment of done) {
      this.#storedBytes += segment.size;
      this.#remove(segment);
    }
    target.sequence = Math.max(stored?.position.sequence ?? 0, names.at(-1)?.sequence ?? 0);
    this.#adopt(target, queue);
    if (damagedLines > 0) this.#lost(stream, damagedLines, 'damaged');
  }

  /** Puts what was appended before the store was open behind what earlier openings left. */
  #adopt(target: Stream, queue: StreamQueue): void {
    const before = target.queue;
    for (const segment of before.segments) {
      segment.blocks = 0;
      for (const { frame, offset, size } of scanFrames(segment.memoryCopy(), target.seed).frames) {
        if (inGap(before.gaps, segment.writer, frame.number)) continue;
        if (before.isVoid(segment.writer, frame.number)) continue;
        queue.enter(segment, frame, offset, size, frame.lines);
      }
      segment.assign(++target.sequence);
      queue.segments.push(segment);
    }
    queue.nextNumber = before.nextNumber;
    if (queue.blocks.length === 0) queue.headNumber = queue.nextNumber;
    queue.active = before.active;
    target.queue = queue;
    target.reader = this.#newReader(queue);
  }

  #put(target: Stream, frame: Frame, buffer: Buffer, size: number): void {
    const { queue } = target;
    const segment = this.#segmentFor(target);
    const offset = segment.size;
    try {
      segment.append(buffer, size);
    } catch (error) {
      this.#diskRefuses(error);
      this.#put(target, frame, buffer, size);
      return;
    }
    this.#storedBytes += size;
    if (segment.inMemory) this.#memoryBytes += size;
    else this.#uncheckedBytes += size;
    queue.enter(segment, frame, offset, size, frame.kind === 'cancel' ? 0 : frame.lines);
    if (this.#options.sync === 'always') this.#syncNow(segment);
    else if (this.#options.sync === 'interval' && !segment.inMemory) this.#syncList.add(segment);
    const limit = segment.inMemory ? target.memorySegmentBytes : target.segmentBytes;
    if (segment.size >= limit) this.#seal(target);
  }

  #segmentFor(target: Stream): Segment {
    const { queue } = target;
    if (queue.active !== undefined) return queue.active;
    const { dir, writer } = this.#options;
    const segment = Segment.inMemory(queue.stream, writer, this.#files);
    if (this.#opened) segment.assign(++target.sequence);
    queue.segments.push(segment);
    queue.active = segment;
    if (this.#mode === 'disk') {
      try {
        segment.spill(dir);
        this.#fileCreated();
      } catch (error) {
        this.#diskRefuses(error);
      }
    }
    return queue.active ?? segment;
  }

  #fileCreated(): void {
    const { sync, dir } = this.#options;
    if (sync === 'always') syncDirectory(dir);
    else if (sync === 'interval') this.#syncList.fileCreated();
  }

  #syncNow(segment: Segment): void {
    try {
      segment.syncNow();
    } catch (error) {
      this.#diskRefuses(error);
    }
  }

  #seal(target: Stream): void {
    const segment = target.queue.seal();
    // What is still to be synced is closed then.
    if (this.#options.sync !== 'interval' || segment?.dirty === false) segment?.close();
  }

  /** From now on records wait in memory. */
  #diskRefuses(error: unknown): void {
    this.#retryAt = this.#options.clock.monotonic() + retryDiskMs;
    for (const stream of streamNames) {
      const target = this.#streams[stream];
      if (target.queue.active?.inMemory === false) this.#seal(target);
    }
    if (this.#mode === 'memory' && this.#opened && this.#told) return;
    this.#mode = 'memory';
    this.#told = true;
    this.#options.onDisk(error);
  }

  /** Writes what waits in memory to its files, in order, until all is written or the disk refuses. */
  #spill(): void {
    const { dir, sync } = this.#options;
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      if (this.#missingSpace() > 0) throw new Error('the file system is nearly full');
      for (const stream of streamNames) {
        const { queue } = this.#streams[stream];
        for (const segment of queue.segments) {
          if (!segment.inMemory) continue;
          segment.spill(dir);
          this.#memoryBytes -= segment.size;
          this.#fileCreated();
          if (sync === 'interval') this.#syncList.add(segment);
          if (sync === 'always') segment.syncNow();
          if (segment !== queue.active && sync !== 'interval') segment.close();
        }
      }
    } catch (error) {
      this.#diskRefuses(error);
      return;
    }
    this.#mode = 'disk';
    if (this.#told) this.#options.onDisk(undefined);
    this.#told = false;
  }

  #enforceCaps(): void {
    const { caps } = this.#options;
    if (caps.maxLines > 0) {
      while (this.#lines() > caps.maxLines && this.#sacrifice('lines')) {}
    }
    while (this.#storedBytes > caps.maxBytes && this.#sacrifice('bytes')) {}
    while (this.#memoryBytes > caps.maxMemoryBytes && this.#sacrifice('memory')) {}
    this.#enforceAge();
    this.#enforceFreeSpace();
  }

  #lines(): number {
    const { result, status, distributed } = this.#streams;
    return result.queue.lines + status.queue.lines + distributed.queue.lines;
  }

  #enforceAge(): void {
    const { caps, clock } = this.#options;
    for (const stream of streamNames) {
      const limit = caps.maxAgeMs[stream];
      if (limit === undefined) continue;
      const { queue } = this.#streams[stream];
      for (let head = queue.blocks[0]; head !== undefined && !head.pinned; head = queue.blocks[0]) {
        if (clock.now() - head.lastAt <= limit) break;
        this.#drop(queue, head, 'age');
      }
    }
  }

  #enforceFreeSpace(): void {
    const { clock } = this.#options;
    if (!this.#opened) return;
    if (this.#uncheckedBytes < freeCheckBytes && clock.monotonic() - this.#checkedAt < freeCheckMs) return;
    this.#uncheckedBytes = 0;
    this.#checkedAt = clock.monotonic();
    const missing = this.#missingSpace();
    if (missing === 0) return;
    const goal = this.#storedBytes - missing;
    while (this.#storedBytes > goal && this.#sacrifice('disk_space')) {}
    if (this.#storedBytes > goal && this.#mode === 'disk') {
      this.#diskRefuses(new Error('the file system is nearly full'));
    }
  }

  #missingSpace(): number {
    const space = freeSpace(this.#options.dir);
    return space === undefined ? 0 : missingFreeBytes(this.#options.caps, space.free, space.total);
  }

  /** Drops the oldest block of the least important stream that has one. @returns false if there is none. */
  #sacrifice(reason: LossReason): boolean {
    const helps = ({ pinned, segment }: Block): boolean =>
      !pinned && (reason !== 'memory' || segment.inMemory) && (reason !== 'disk_space' || !segment.inMemory);
    for (const stream of sacrificeOrder) {
      const { queue } = this.#streams[stream];
      const block = queue.blocks.find(helps);
      if (block === undefined) continue;
      this.#drop(queue, block, reason);
      return true;
    }
    return false;
  }

  #drop(queue: StreamQueue, block: Block, reason: LossReason): void {
    const { lines, emptied } = queue.drop(block);
    if (emptied !== undefined) this.#remove(emptied);
    if (lines > 0) this.#lost(queue.stream, lines, reason);
  }

  #remove(segment: Segment): void {
    this.#storedBytes -= segment.size;
    this.#memoryBytes -= segment.memoryBytes;
    try {
      segment.remove();
    } catch {
      // It stays behind and is looked at again by the next opening.
    }
  }

  #lost(stream: StreamName, lines: number, reason: LossReason): void {
    this.#options.onLoss({ stream, lines, reason });
  }
}

function shorten(label: string): string {
  return label.length * 3 <= maxLabelBytes ? label : label.slice(0, maxLabelBytes / 3);
}
