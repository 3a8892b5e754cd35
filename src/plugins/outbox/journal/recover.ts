import type { StreamName } from '../../../api.ts';
import type { BlockLimits } from './block.ts';
import { frameSeed } from './frame.ts';
import { type Gap, inGap } from './gaps.ts';
import { scanFrames } from './scan.ts';
import { readSegmentFile, Segment, type SegmentFiles } from './segment.ts';
import type { SegmentName } from './segment-name.ts';
import { type QueuePosition, StreamQueue } from './stream-queue.ts';

export interface Recovered {
  readonly queue: StreamQueue;
  /** Lines that were in the journal and cannot be read, as far as the numbers tell. */
  readonly damagedLines: number;
  /** Segments in which nothing waits. */
  readonly done: readonly Segment[];
}

export interface RecoverFrom {
  readonly dir: string;
  readonly stream: StreamName;
  /** Of the queue that is made: the present writer. */
  readonly writer: string;
  /** In order. */
  readonly names: readonly SegmentName[];
  readonly position: QueuePosition | undefined;
  readonly gaps: readonly Gap[];
  readonly limits: BlockLimits;
  readonly files: SegmentFiles;
}

/** Reads what earlier openings left of a stream. Nothing in these files is changed. */
export async function recoverStream(from: RecoverFrom, onVoid: (lines: number) => void): Promise<Recovered> {
  const queue = new StreamQueue(from.stream, from.writer, from.limits, onVoid);
  const done: Segment[] = [];
  const tally = new DamageTally(from);
  for (const name of from.names) {
    let bytes: Buffer;
    try {
      bytes = await readSegmentFile(from.dir, name);
    } catch {
      tally.unreadable(name.writer);
      continue;
    }
    const segment = Segment.existing(from.dir, name, bytes.length, from.files);
    if (from.position !== undefined && name.sequence < from.position.sequence) {
      done.push(segment);
      continue;
    }
    const scan = scanFrames(bytes, frameSeed(name.stream, name.writer));
    if ((scan.frames[0]?.offset ?? 0) > 0) tally.unreadable(name.writer);
    for (const { frame, offset, size } of scan.frames) {
      const position = acknowledged(from.position, name);
      const isGone = frame.number < position.record || inGap(from.gaps, name.writer, frame.number);
      tally.found(name.writer, frame.number, expected(from.position, name));
      if (isGone) continue;
      const row = frame.number === position.record ? position.row : 0;
      if (row > 0 && queue.blocks.length === 0) queue.row = row;
      const left = row > 0 ? Math.max(1, frame.lines - row) : frame.lines;
      queue.enter(segment, frame, offset, size, left);
    }
    if (scan.badEnd) tally.unreadable(name.writer);
    if (segment.blocks > 0) queue.segments.push(segment);
    else done.push(segment);
  }
  tally.end();
  return { queue, damagedLines: tally.lines, done };
}

/** The position in terms of the segment `name`: records in front of it are done. */
function acknowledged(
  position: QueuePosition | undefined,
  name: SegmentName,
): { record: number; row: number } {
  if (position?.sequence !== name.sequence || position.writer !== name.writer) return { record: 0, row: 0 };
  return position;
}

/** The number of this writer from which on nothing is done, 0 if that is not known. */
function expected(position: QueuePosition | undefined, name: SegmentName): number {
  if (position === undefined) return 0;
  // A writer whose first segment comes behind the position has begun there.
  return position.writer === name.writer ? position.record : 1;
}

/**
 * Counts what is missing. Numbers run on within a writer, so a hole between two of them is exact; damage with nothing
 * readable behind it counts as one line. A write that was torn at the very end was never answered, and counts nothing.
 */
class DamageTally {
  lines = 0;
  #writer = '';
  #last = 0;
  #pending = false;
  readonly #from: RecoverFrom;

  constructor(from: RecoverFrom) {
    this.#from = from;
  }

  /** @param acknowledged the first number that is not done, 0 if that is not known. */
  found(writer: string, number: number, acknowledged: number): void {
    this.#enter(writer);
    if (number >= acknowledged) {
      if (this.#last > 0 || acknowledged > 0) this.#countHole(Math.max(this.#last + 1, acknowledged), number);
      else if (this.#pending) this.lines += 1;
    }
    this.#last = number;
    this.#pending = false;
  }

  unreadable(writer: string): void {
    this.#enter(writer);
    this.#pending = true;
  }

  end(): void {
    this.#enter('');
  }

  #countHole(from: number, to: number): void {
    for (let missing = from; missing < to; missing++) {
      if (!inGap(this.#from.gaps, this.#writer, missing)) this.lines += 1;
    }
  }

  #enter(writer: string): void {
    if (writer === this.#writer) return;
    if (this.#pending) this.lines += 1;
    this.#pending = false;
    this.#writer = writer;
    this.#last = 0;
  }
}
