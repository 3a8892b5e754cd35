import type { BatchRecord, LinePosition } from '../batch.ts';
import type { Block } from './block.ts';
import { type Frame, frameSeed } from './frame.ts';
import { type FoundFrame, scanFrames } from './scan.ts';
import type { StreamQueue } from './stream-queue.ts';

/** Records at the head of a stream. Until `settle` no cap drops them. */
export interface Taken {
  readonly writer: string;
  /** At least one. Their bytes are views into larger buffers: copy them, never transfer them. */
  readonly records: readonly BatchRecord[];
  readonly firstRow: number;
  /** Only one line of the (only) record is meant. */
  readonly single: boolean;
  /** Of the first record. */
  readonly key: string;
  readonly tag: string;
}

interface Entry {
  readonly block: Block;
  readonly frame: Frame & { readonly kind: BatchRecord['kind'] };
  /** Lines of it that wait. */
  left: number;
  readonly size: number;
}

/** How much is read at once. One read of a file costs about 0.1 ms whatever its size. */
const runBytes = 1024 * 1024;

/** Reads a stream's queue from the head, and moves the head. One caller at a time. */
export class StreamReader {
  readonly #queue: StreamQueue;
  readonly #onDamage: (lines: number) => void;
  /** Frames that were read and still wait, in order. They cover the first `#loaded` blocks. */
  #ahead: Entry[] = [];
  #taken: Entry[] = [];

  /** @param onDamage is told of lines that could not be read back. */
  constructor(queue: StreamQueue, onDamage: (lines: number) => void) {
    this.#queue = queue;
    this.#onDamage = onDamage;
  }

  /**
   * Up to `maxLines` lines and about `maxBytes` bytes, and at least one record if any waits.
   * @throws what the file system says, when it may pass (no file handles, no memory).
   */
  async take(maxLines: number, maxBytes: number, maxRecords = Infinity): Promise<Taken | undefined> {
    this.#forgetGone();
    while (!enough(this.#ahead, maxLines, maxBytes, maxRecords)) {
      if (!(await this.#load())) break;
    }
    this.#forgetGone();
    const head = this.#ahead[0];
    if (head === undefined) return undefined;
    const taken = choose(this.#ahead, maxLines, maxBytes, maxRecords);
    for (const entry of taken) entry.block.pinned = true;
    this.#taken = taken;
    this.#queue.startFlight(
      head.block.segment.writer,
      head.frame.number,
      taken.at(-1)?.frame.number ?? head.frame.number,
    );
    const single = head.frame.onlyRow !== undefined;
    return {
      writer: head.block.segment.writer,
      records: taken.map(({ frame: { number, kind, bytes, acceptedAt } }) => ({
        number,
        kind,
        bytes,
        acceptedAt,
      })),
      firstRow: head.frame.onlyRow ?? this.#rowOf(head),
      single,
      key: head.frame.key,
      tag: head.frame.tag,
    };
  }

  /** What was taken stays in the queue: it was not delivered. */
  giveBack(): void {
    this.#unpin();
    this.#queue.endFlight();
  }

  /** Everything in front of `next` is done; the rest of what was taken stays. */
  settle(next: LinePosition): void {
    const taken = this.#taken;
    this.#unpin();
    let done = 0;
    for (const entry of taken) {
      if (entry.frame.number > next.record) break;
      if (entry.frame.number === next.record && entry.frame.onlyRow === undefined) {
        this.#enterRecord(entry, next.row);
        break;
      }
      if (entry.frame.number === next.record && next.row === 0) break;
      done += 1;
      this.#pass(entry, this.#ahead[done]);
    }
    this.#ahead.splice(0, done);
    this.#queue.endFlight();
  }

  #unpin(): void {
    for (const entry of this.#taken) entry.block.pinned = false;
    this.#taken = [];
  }

  #enterRecord(entry: Entry, row: number): void {
    this.#queue.headNumber = entry.frame.number;
    this.#queue.row = row;
    const left = row === 0 ? entry.left : Math.max(1, entry.frame.lines - row);
    this.#queue.takeLines(entry.block, Math.max(0, entry.left - left));
    entry.left = Math.min(entry.left, left);
  }

  #pass(entry: Entry, next: Entry | undefined): void {
    this.#queue.takeLines(entry.block, entry.left);
    this.#queue.row = 0;
    if (next?.block === entry.block) {
      this.#queue.headNumber = next.frame.number;
      return;
    }
    this.#queue.finish(entry.block);
  }

  #rowOf(entry: Entry): number {
    return entry.frame.number === this.#queue.headNumber && entry.block === this.#queue.blocks[0]
      ? this.#queue.row
      : 0;
  }

  /** Reads on. @returns false when nothing is left to be read. */
  async #load(): Promise<boolean> {
    const run = this.#nextRun();
    const [first] = run;
    if (first === undefined) return false;
    const end = run.at(-1)?.end ?? first.end;
    for (const block of run) {
      block.pinned = true;
      block.closed = true;
    }
    let found: readonly FoundFrame[] = [];
    try {
      const bytes = await first.segment.read(first.start, end - first.start);
      found = scanFrames(bytes, frameSeed(this.#queue.stream, first.segment.writer)).frames;
    } catch (error) {
      if (mayPass(error)) throw error;
    } finally {
      for (const block of run) block.pinned = false;
    }
    let index = 0;
    for (const block of run) {
      const frames: FoundFrame[] = [];
      for (let one = found[index]; one !== undefined; one = found[++index]) {
        if (first.start + one.offset >= block.end) break;
        frames.push(one);
      }
      this.#enterBlock(block, frames);
    }
    return true;
  }

  #enterBlock(block: Block, found: readonly FoundFrame[]): void {
    const entries: Entry[] = [];
    for (const { frame, size } of found) {
      const { kind } = frame;
      if (kind === 'cancel' || this.#queue.isVoid(block.segment.writer, frame.number)) continue;
      const entry: Entry = { block, frame: { ...frame, kind }, left: frame.lines, size };
      const row = this.#rowOf(entry);
      if (row > 0) entry.left = Math.max(1, frame.lines - row);
      entries.push(entry);
    }
    const read = entries.reduce((sum, entry) => sum + entry.left, 0);
    if (read < block.lines) {
      const lost = block.lines - read;
      this.#queue.takeLines(block, lost);
      this.#onDamage(lost);
    }
    if (entries.length === 0) this.#queue.finish(block);
    this.#ahead.push(...entries);
  }

  #nextRun(): Block[] {
    const { blocks } = this.#queue;
    const lastRead = this.#ahead.at(-1)?.block;
    const from = lastRead === undefined ? 0 : blocks.indexOf(lastRead) + 1;
    const run: Block[] = [];
    let bytes = 0;
    for (let i = from; i < blocks.length; i++) {
      const block = blocks[i];
      const previous = run.at(-1);
      if (block === undefined) break;
      if (previous !== undefined && (previous.segment !== block.segment || previous.end !== block.start))
        break;
      bytes += block.end - block.start;
      if (previous !== undefined && bytes > runBytes) break;
      run.push(block);
    }
    return run;
  }

  /** Records can be cancelled, and blocks dropped, while they wait here. */
  #forgetGone(): void {
    const queue = this.#queue;
    const blocks = new Set(this.#ahead.map((entry) => entry.block));
    this.#ahead = this.#ahead.filter(
      ({ block, frame }) => !block.gone && !queue.isVoid(block.segment.writer, frame.number),
    );
    const kept = new Set(this.#ahead.map((entry) => entry.block));
    for (const block of blocks) if (!kept.has(block)) queue.finish(block);
    const head = this.#ahead[0];
    if (head === undefined || head.frame.number === queue.headNumber) return;
    queue.headNumber = head.frame.number;
    queue.row = 0;
  }
}

function enough(entries: readonly Entry[], maxLines: number, maxBytes: number, maxRecords: number): boolean {
  let lines = 0;
  let bytes = 0;
  for (const entry of entries) {
    lines += Math.max(1, entry.left);
    bytes += entry.size;
  }
  return entries.length >= maxRecords || lines >= maxLines || bytes >= maxBytes;
}

function choose(ahead: readonly Entry[], maxLines: number, maxBytes: number, maxRecords: number): Entry[] {
  const taken: Entry[] = [];
  let lines = 0;
  let bytes = 0;
  for (const entry of ahead) {
    const [first] = taken;
    if (first !== undefined) {
      if (first.block.segment.writer !== entry.block.segment.writer) break;
      // Never seen, but a batch out of order could not be acknowledged.
      if (entry.frame.number <= (taken.at(-1)?.frame.number ?? 0)) break;
      if (first.frame.onlyRow !== undefined || entry.frame.onlyRow !== undefined) break;
      if (taken.length >= maxRecords || lines >= maxLines || bytes + entry.size > maxBytes) break;
    }
    taken.push(entry);
    lines += Math.max(1, entry.left);
    bytes += entry.size;
  }
  return taken;
}

/** Lack of handles or memory passes; a file that is gone or cannot be read does not. */
function mayPass(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM' || code === 'EAGAIN';
}
