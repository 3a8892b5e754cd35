import type { StreamName } from '../../../api.ts';
import { type Block, type BlockLimits, isFull } from './block.ts';
import type { Frame } from './frame.ts';
import { addGap, type Gap, pruneGaps } from './gaps.ts';
import type { Segment } from './segment.ts';
import { WaitingKeys, type WaitingRecord } from './waiting-keys.ts';

/** Where a stream stands: everything in front of it is done. */
export interface QueuePosition {
  readonly sequence: number;
  readonly writer: string;
  readonly record: number;
  readonly row: number;
}

/**
 * What waits in one stream: its segments, the blocks in them, and how far the first block is done. It is the truth
 * about the lines of a stream; files are read and written by others.
 */
export class StreamQueue {
  readonly stream: StreamName;
  readonly writer: string;
  readonly keys = new WaitingKeys();
  /** In order; only the last one may be open for appending. */
  readonly segments: Segment[] = [];
  readonly blocks: Block[] = [];
  active: Segment | undefined;
  /** The next number under our writer id. */
  nextNumber = 1;
  lines = 0;
  /** Of the blocks that wait, as they stand in the journal. */
  bytes = 0;
  gaps: readonly Gap[] = [];
  /** Rows of the first waiting record that are done. */
  row = 0;
  /** The number of the first record in `blocks` that is not done. */
  headNumber = 1;
  /** Segments whose last block was acknowledged or dropped; their files go when that is stored. */
  emptied: Segment[] = [];
  readonly #limits: BlockLimits;
  readonly #onVoid: (lines: number) => void;
  readonly #voided = new Set<string>();
  #flight: { readonly writer: string; readonly first: number; readonly last: number } | undefined;
  /** Records that were replaced or cancelled while they were on their way: what happens to them is not known yet. */
  #voidLater: WaitingRecord[] = [];

  /** @param onVoid is told of lines that a later record has replaced or cancelled. */
  constructor(stream: StreamName, writer: string, limits: BlockLimits, onVoid: (lines: number) => void) {
    this.stream = stream;
    this.writer = writer;
    this.#limits = limits;
    this.#onVoid = onVoid;
  }

  get oldestAt(): number | undefined {
    return this.blocks[0]?.firstAt;
  }

  /** Enters a frame that stands in `segment` from `offset` on. `left`: lines of it that wait. */
  enter(segment: Segment, frame: Frame, offset: number, size: number, left: number): void {
    const last = this.blocks.at(-1);
    if (last === undefined) this.headNumber = frame.number;
    if (
      last === undefined ||
      last.segment !== segment ||
      last.end !== offset ||
      isFull(last, this.#limits, frame.acceptedAt)
    ) {
      segment.blocks += 1;
      this.blocks.push({
        segment,
        start: offset,
        end: offset + size,
        firstNumber: frame.number,
        lastNumber: frame.number,
        lines: left,
        firstAt: frame.acceptedAt,
        lastAt: frame.acceptedAt,
        pinned: false,
        closed: false,
        gone: false,
      });
    } else {
      last.end = offset + size;
      last.lastNumber = frame.number;
      last.lines += left;
      last.lastAt = frame.acceptedAt;
    }
    this.lines += left;
    this.bytes += size;
    if (frame.key === '') return;
    for (const record of this.keys.add(segment.writer, frame)) this.#void(record);
  }

  /** These records are on their way to the server until `endFlight`. */
  startFlight(writer: string, first: number, last: number): void {
    this.#flight = { writer, first, last };
  }

  endFlight(): void {
    this.#flight = undefined;
    const later = this.#voidLater;
    this.#voidLater = [];
    for (const record of later) this.#void(record);
  }

  isVoid(writer: string, number: number): boolean {
    return this.#voided.size > 0 && this.#voided.has(`${writer}:${number}`);
  }

  /** `lines` fewer wait in `block`. */
  takeLines(block: Block, lines: number): void {
    const taken = Math.min(lines, block.lines);
    block.lines -= taken;
    this.lines -= taken;
  }

  /** `block` is done. Its segment, when empty, waits in `emptied`. */
  finish(block: Block): void {
    this.#leave(block);
    if (block.segment.blocks === 0 && block.segment !== this.active) this.#retire(block.segment);
  }

  /** Drops `block`. @returns what is lost: lines, and records with a key; and the segment if nothing is left in it. */
  drop(block: Block): { lines: number; keyed: WaitingRecord[]; emptied: Segment | undefined } {
    const lines = block.lines;
    const { segment, firstNumber: first, lastNumber: last } = block;
    this.gaps = addGap(this.gaps, { writer: segment.writer, first, last });
    const done = block === this.blocks[0] ? this.headNumber : first;
    const keyed = this.#leave(block).filter(({ number }) => number >= done);
    if (segment.blocks > 0) return { lines, keyed, emptied: undefined };
    this.segments.splice(this.segments.indexOf(segment), 1);
    if (this.active === segment) this.active = undefined;
    return { lines, keyed, emptied: segment };
  }

  /** The active segment takes no more frames. @returns it, to be synced and closed. */
  seal(): Segment | undefined {
    const segment = this.active;
    this.active = undefined;
    if (segment?.blocks === 0) this.#retire(segment);
    return segment;
  }

  /** What is to be stored, undefined while the first waiting block has no place on the disk. */
  position(lastSequence: number): { position: QueuePosition; gaps: readonly Gap[] } | undefined {
    const head = this.blocks[0];
    if (head === undefined) {
      this.gaps = [];
      // Without an active segment everything up to `lastSequence` is done, whoever wrote it.
      const sequence = this.active === undefined ? lastSequence + 1 : lastSequence;
      return { position: { sequence, writer: this.writer, record: this.nextNumber, row: 0 }, gaps: [] };
    }
    const { sequence, writer } = head.segment;
    if (sequence === undefined) return undefined;
    const writers = new Set(this.blocks.map((block) => block.segment.writer));
    this.gaps = pruneGaps(this.gaps, writers, writer, this.headNumber);
    return { position: { sequence, writer, record: this.headNumber, row: this.row }, gaps: this.gaps };
  }

  /** @returns its records that have a key. */
  #leave(block: Block): WaitingRecord[] {
    if (block.gone) return [];
    const index = this.blocks.indexOf(block);
    this.blocks.splice(index, 1);
    block.gone = true;
    block.segment.blocks -= 1;
    this.lines -= block.lines;
    this.bytes -= block.end - block.start;
    const { writer } = block.segment;
    const keyed = this.keys.remove(writer, block.firstNumber, block.lastNumber);
    if (this.#voided.size > 0) this.#forgetVoids(writer, block);
    if (index === 0) {
      this.row = 0;
      this.headNumber = this.blocks[0]?.firstNumber ?? this.nextNumber;
    }
    return keyed;
  }

  #retire(segment: Segment): void {
    const index = this.segments.indexOf(segment);
    if (index >= 0) this.segments.splice(index, 1);
    this.emptied.push(segment);
  }

  #void(record: WaitingRecord): void {
    const { writer, number } = record;
    const flight = this.#flight;
    if (flight?.writer === writer && flight.first <= number && number <= flight.last) {
      this.#voidLater.push(record);
      return;
    }
    const block = this.blocks.find(
      (b) => b.segment.writer === writer && b.firstNumber <= number && number <= b.lastNumber,
    );
    if (block === undefined) return;
    const isHead = block === this.blocks[0];
    if (isHead && number < this.headNumber) return;
    this.#voided.add(`${writer}:${number}`);
    const done = isHead && number === this.headNumber ? this.row : 0;
    const lines = Math.min(block.lines, Math.max(1, record.lines - done));
    this.takeLines(block, lines);
    this.#onVoid(lines);
  }

  #forgetVoids(writer: string, block: Block): void {
    for (const name of this.#voided) {
      const [voidWriter, number] = name.split(':');
      if (
        voidWriter === writer &&
        Number(number) >= block.firstNumber &&
        Number(number) <= block.lastNumber
      ) {
        this.#voided.delete(name);
      }
    }
  }
}
