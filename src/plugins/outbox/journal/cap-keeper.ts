import type { StreamName } from '../../../api.ts';
import type { Clock } from '../../../clock/index.ts';
import { type Caps, missingFreeBytes, portions, sacrificeOrder } from '../caps.ts';
import type { LossReason } from '../loss.ts';
import type { Block } from './block.ts';
import { freeSpace } from './disk.ts';
import type { SegmentStore } from './segment-store.ts';
import type { StreamQueue } from './stream-queue.ts';
import type { WaitingRecord } from './waiting-keys.ts';

export interface CapKeeperOptions {
  readonly caps: Caps;
  readonly clock: Clock;
  readonly dir: string;
  readonly store: SegmentStore;
  readonly queue: (stream: StreamName) => StreamQueue;
  /** @param keyed the records among them that have a key. */
  readonly lost: (
    stream: StreamName,
    lines: number,
    reason: LossReason,
    keyed: readonly WaitingRecord[],
  ) => void;
}

/** Free space is looked at after so many bytes or so much time. A `statfs` costs about as much as an append. */
const freeCheckBytes = 256 * 1024;
const freeCheckMs = 1000;

/** Drops what is over a cap. */
export class CapKeeper {
  readonly #options: CapKeeperOptions;
  #checkedBytes = Number.NEGATIVE_INFINITY;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CapKeeperOptions) {
    this.#options = options;
  }

  /** After each append, and now and then. @param opened whether the directory may be looked at. */
  enforce(opened: boolean): void {
    const { caps, store } = this.#options;
    if (caps.maxLines > 0) {
      while (this.#lines() > caps.maxLines && this.#sacrifice('lines')) {}
    }
    while (store.storedBytes > caps.maxBytes && this.#sacrifice('bytes')) {}
    while (store.memoryBytes > caps.maxMemoryBytes && this.#sacrifice('memory')) {}
    this.#enforceAge();
    if (opened) this.#enforceFreeSpace();
  }

  /** Whether a line of `stream` can come without another one having to go soon. */
  hasRoom(stream: StreamName): boolean {
    const { caps, store } = this.#options;
    const { block } = portions(caps, stream);
    return (
      (caps.maxLines === 0 || caps.maxLines - this.#lines() > block.lines) &&
      caps.maxBytes - store.storedBytes > block.bytes &&
      caps.maxMemoryBytes - store.memoryBytes > block.bytes
    );
  }

  /** Bytes that others should have of the file system and do not. */
  missingSpace(): number {
    const space = freeSpace(this.#options.dir);
    return space === undefined ? 0 : missingFreeBytes(this.#options.caps, space.free, space.total);
  }

  #lines(): number {
    const { queue } = this.#options;
    return queue('result').lines + queue('status').lines + queue('distributed').lines;
  }

  #enforceAge(): void {
    const { caps, clock } = this.#options;
    for (const stream of sacrificeOrder) {
      const limit = caps.maxAgeMs[stream];
      if (limit === undefined) continue;
      const queue = this.#options.queue(stream);
      for (let head = queue.blocks[0]; head !== undefined && !head.pinned; head = queue.blocks[0]) {
        if (clock.now() - head.lastAt <= limit) break;
        this.#drop(queue, head, 'age');
      }
    }
  }

  #enforceFreeSpace(): void {
    const { clock, store } = this.#options;
    const now = clock.monotonic();
    if (store.writtenBytes - this.#checkedBytes < freeCheckBytes && now - this.#checkedAt < freeCheckMs)
      return;
    this.#checkedBytes = store.writtenBytes;
    this.#checkedAt = now;
    const missing = this.missingSpace();
    if (missing === 0) return;
    const goal = store.storedBytes - missing;
    while (store.storedBytes > goal && this.#sacrifice('disk_space')) {}
    if (store.storedBytes > goal && store.mode === 'disk') {
      store.refuse(new Error('the file system is nearly full'));
    }
  }

  /** Drops the oldest block of the least important stream that has one. @returns false if there is none. */
  #sacrifice(reason: LossReason): boolean {
    const helps = ({ pinned, segment }: Block): boolean => {
      if (pinned) return false;
      if (reason === 'memory') return segment.inMemory;
      return reason !== 'disk_space' || !segment.inMemory;
    };
    for (const stream of sacrificeOrder) {
      const queue = this.#options.queue(stream);
      const block = queue.blocks.find(helps);
      if (block === undefined) continue;
      this.#drop(queue, block, reason);
      return true;
    }
    return false;
  }

  #drop(queue: StreamQueue, block: Block, reason: LossReason): void {
    const { store, caps } = this.#options;
    const { lines, emptied, keyed } = queue.drop(block);
    if (emptied !== undefined) {
      // Its file stays until the drop is stored: a process that dies before has dropped nothing. There is a limit to that.
      const isOver = store.forgottenBytes > caps.maxBytes / 16;
      store.forget(emptied);
      if (reason === 'disk_space' || emptied.inMemory || isOver) store.remove(emptied);
      else queue.emptied.push(emptied);
    }
    if (lines > 0) this.#options.lost(queue.stream, lines, reason, keyed);
  }
}
