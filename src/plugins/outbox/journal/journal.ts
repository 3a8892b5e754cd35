import type { StreamName } from '../../../api.ts';
import type { Clock } from '../../../clock/index.ts';
import { type Caps, portions } from '../caps.ts';
import { type Loss, type LossReason, lossLabels, lossOf } from '../loss.ts';
import { CapKeeper } from './cap-keeper.ts';
import { listSegments, type SyncMode } from './disk.ts';
import type { BehindWriter } from './disk-thread.ts';
import { type Frame, frameSeed, frameSize, maxLabelBytes, writeFrame } from './frame.ts';
import { type Gap, inGap } from './gaps.ts';
import { recoverStream } from './recover.ts';
import { scanFrames } from './scan.ts';
import { realFiles, type Segment, type SegmentFiles } from './segment.ts';
import type { SegmentName } from './segment-name.ts';
import { SegmentStore, type StoredStream } from './segment-store.ts';
import { type QueuePosition, StreamQueue } from './stream-queue.ts';
import { StreamReader } from './stream-reader.ts';
import type { WaitingRecord } from './waiting-keys.ts';

export interface JournalOptions {
  readonly dir: string;
  /** Random, never used before. */
  readonly writer: string;
  readonly clock: Clock;
  readonly caps: Caps;
  readonly sync: SyncMode;
  /** Called at once and often; must be cheap and must not throw. */
  readonly onLoss: (loss: Loss) => void;
  /** A record that told of a loss (`AppendOptions.tellsOf`) was dropped: it is to be told of again. */
  readonly onUntold: (loss: Loss) => void;
  /** The disk refuses or has become slow (`error`), or works again (undefined). Called on each change. */
  readonly onDisk: (error: unknown) => void;
  /** For tests: how files are written, at once and by the disk thread. */
  readonly files?: SegmentFiles;
  readonly slowWriter?: BehindWriter;
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
  /** The record is the report of this loss. For `status` only, without `key`. */
  readonly tellsOf?: Loss;
  /** Wall-clock milliseconds. Default: now. */
  readonly acceptedAt?: number;
}

/** What was acknowledged in an earlier opening. */
export interface StoredPosition {
  readonly position: QueuePosition;
  readonly gaps: readonly Gap[];
}

interface Stream extends StoredStream {
  queue: StreamQueue;
  reader: StreamReader;
  readonly seed: number;
}

const streamNames: readonly StreamName[] = ['result', 'status', 'distributed'];

/**
 * The records of all streams, on disk where possible and in memory where not. `append` is synchronous; everything else
 * may wait.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #streams: Record<StreamName, Stream>;
  readonly #store: SegmentStore;
  readonly #caps: CapKeeper;
  readonly #scratch = Buffer.allocUnsafeSlow(64 * 1024);
  #opened = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    const { dir, writer, clock, caps, sync, onDisk, files, slowWriter } = options;
    this.#streams = {
      result: this.#newStream('result'),
      status: this.#newStream('status'),
      distributed: this.#newStream('distributed'),
    };
    const all = streamNames.map((stream) => this.#streams[stream]);
    this.#store = new SegmentStore({
      dir,
      writer,
      clock,
      sync,
      streams: () => all,
      hasSpace: () => this.#caps.missingSpace() === 0,
      onDisk,
      ...(files === undefined ? {} : { files }),
      ...(slowWriter === undefined ? {} : { slowWriter }),
    });
    this.#caps = new CapKeeper({
      caps,
      clock,
      dir,
      store: this.#store,
      queue: (stream) => this.queue(stream),
      lost: (stream, lines, reason, keyed) => this.#dropped(stream, lines, reason, keyed),
    });
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
    return this.#store.storedBytes;
  }

  get memoryBytes(): number {
    return this.#store.memoryBytes;
  }

  /**
   * Reads what earlier openings left, and writes down what was appended before. If the disk refuses, records go on
   * waiting in memory and it is tried again later.
   */
  async open(stored: Partial<Record<StreamName, StoredPosition>>): Promise<void> {
    let names: SegmentName[] = [];
    try {
      names = listSegments(this.#options.dir);
    } catch {
      // The store finds out for itself, and tries again.
    }
    for (const stream of streamNames) {
      const ours = names.filter((name) => name.stream === stream);
      await this.#recover(stream, ours, stored[stream]);
    }
    this.#opened = true;
    this.#store.opened();
    this.enforceCaps();
  }

  /** @returns the number of the record, or undefined if it is larger than all that may be kept. */
  append(
    stream: StreamName,
    kind: Frame['kind'],
    bytes: Uint8Array,
    options: AppendOptions = {},
  ): number | undefined {
    const { clock, caps } = this.#options;
    const { lines = 1, replaces = false, onlyRow, acceptedAt = clock.now(), tellsOf } = options;
    const { key = '', tag = '' } = tellsOf === undefined ? options : lossLabels(tellsOf);
    const target = this.#streams[stream];
    const number = target.queue.nextNumber;
    const labels = { key: shorten(key), tag: shorten(tag) };
    const frame: Frame = { number, kind, lines, acceptedAt, ...labels, replaces, onlyRow, bytes };
    const size = frameSize(frame);
    if (size > caps.maxBytes) {
      this.#lost(stream, lines, 'bytes');
      return undefined;
    }
    const buffer = size > this.#scratch.length ? Buffer.allocUnsafeSlow(size) : this.#scratch;
    writeFrame(buffer, frame, target.seed);
    target.queue.nextNumber += 1;
    const { segment, offset } = this.#store.put(target, buffer, size);
    target.queue.enter(segment, frame, offset, size, lines);
    this.#store.entered(target);
    this.enforceCaps();
    return number;
  }

  /** Looks whether the disk works again, and lets a slow one go on. */
  retryDisk(): void {
    this.#store.retry();
  }

  /** Whether a line of `stream` can come without another one having to go soon. */
  hasRoom(stream: StreamName): boolean {
    return this.#caps.hasRoom(stream);
  }

  /** Drops what is over a cap. `append` does that too; without appends age and free space still change. */
  enforceCaps(): void {
    this.#caps.enforce(this.#opened);
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
    for (const segment of segments) this.#store.remove(segment);
  }

  /** Makes sure, in the background, that the disk has what was appended. @returns an error, if any. */
  sync(): Promise<unknown> {
    return this.#store.sync();
  }

  /** Writes down what can be, syncs and closes. @returns an error, if any. */
  close(): Promise<unknown> {
    return this.#store.close();
  }

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
    names: readonly SegmentName[],
    stored: StoredPosition | undefined,
  ): Promise<void> {
    const { dir, writer, caps, files = realFiles } = this.#options;
    const target = this.#streams[stream];
    const { block: limits } = portions(caps, stream);
    const gaps = stored?.gaps ?? [];
    // What was replaced in an earlier opening was counted then.
    let recovering = true;
    const { queue, damagedLines, done } = await recoverStream(
      { dir, stream, writer, names, position: stored?.position, gaps, limits, files },
      (lines) => {
        if (!recovering) this.#lost(stream, lines, 'replaced');
      },
    );
    recovering = false;
    queue.gaps = gaps;
    for (const segment of [...done, ...queue.segments]) this.#store.storedBytes += segment.size;
    this.removeSegments(done);
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

  /** A report of a loss is not lost: what it tells of is told of again. */
  #dropped(stream: StreamName, lines: number, reason: LossReason, keyed: readonly WaitingRecord[]): void {
    const untold = stream === 'status' ? keyed.flatMap(lossOf) : [];
    if (lines > untold.length) this.#lost(stream, lines - untold.length, reason);
    for (const loss of untold) this.#options.onUntold(loss);
  }

  #lost(stream: StreamName, lines: number, reason: LossReason): void {
    this.#options.onLoss({ stream, lines, reason });
  }
}

function shorten(label: string): string {
  return label.length * 3 <= maxLabelBytes ? label : label.slice(0, maxLabelBytes / 3);
}
