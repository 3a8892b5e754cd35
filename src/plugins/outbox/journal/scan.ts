import { type Frame, nextMagic, readFrame } from './frame.ts';

export interface FoundFrame {
  readonly frame: Frame;
  readonly offset: number;
  readonly size: number;
}

export interface Scan {
  readonly frames: readonly FoundFrame[];
  /**
   * There is something unreadable behind the last frame, other than the beginning of one: that is a write that was
   * never finished, so never answered.
   */
  readonly badEnd: boolean;
}

/**
 * Finds the frames in `source`. Whatever is no frame is skipped up to the next one that is, so that flipped bytes cost
 * the records that they hit and no others.
 */
export function scanFrames(source: Buffer, seed: number): Scan {
  const frames: FoundFrame[] = [];
  const end = source.length;
  let badEnd = false;
  let torn = false;
  let at = 0;
  while (at < end) {
    const read = readFrame(source, at, end, seed);
    if (typeof read === 'object') {
      frames.push({ frame: read.frame, offset: at, size: read.size });
      badEnd = false;
      torn = false;
      at += read.size;
      continue;
    }
    // A frame that is cut short may also be one whose length was flipped: go on looking behind it.
    torn ||= read === 'cut';
    badEnd ||= !torn;
    at = nextMagic(source, at, end);
  }
  return { frames, badEnd };
}
