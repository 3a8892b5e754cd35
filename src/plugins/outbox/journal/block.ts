import type { Segment } from './segment.ts';

/**
 * A run of frames in one segment: the grain in which the queue remembers where things are and drops them. Small enough
 * that a cap hits what it must, large enough that half a million lines need a few thousand of them.
 */
export interface Block {
  readonly segment: Segment;
  readonly start: number;
  end: number;
  readonly firstNumber: number;
  lastNumber: number;
  /** Lines that still wait in it. */
  lines: number;
  readonly firstAt: number;
  lastAt: number;
  /** Its frames are being read or delivered: no cap may take it. */
  pinned: boolean;
  /** No more frames are added: it is full, or has been read. */
  closed: boolean;
  /** It has left the queue. */
  gone: boolean;
}

/** When a block is full. */
export interface BlockLimits {
  readonly bytes: number;
  readonly lines: number;
  /** Wall-clock milliseconds between its first and its last record. */
  readonly ageMs: number;
}

export function isFull(block: Block, limits: BlockLimits, at: number): boolean {
  return (
    block.closed ||
    block.end - block.start >= limits.bytes ||
    block.lines >= limits.lines ||
    at - block.firstAt > limits.ageMs
  );
}
