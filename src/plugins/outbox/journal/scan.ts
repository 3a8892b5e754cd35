import { type Frame, nextMagic, readFrame } from './frame.ts';

export interface FoundFrame {
  readonly frame: Frame;
  readonly offset: number;
  readonly size: number;
}

export interface Scan {
  readonly frames: readonly FoundFrame[];
  /** Bytes that are no frames, without `tornBytes`. */
  readonly damagedBytes: number;
  /** Bytes at the end that look like the beginning of a frame: a write that was never finished, so never answered. */
  readonly tornBytes: number;
}

/**
 * Finds the frames in `source`. Whatever is no frame is skipped up to the next one that is, so that flipped bytes cost
 * the records that they hit and no others.
 */
export function scanFrames(source: Buffer, seed: number): Scan {
  const frames: FoundFrame[] = [];
  const end = source.length;
  let damagedBytes = 0;
  let tornBytes = 0;
  let at = 0;
  while (at < end) {
    const read = readFrame(source, at, end, seed);
    if (typeof read === 'object') {
      frames.push({ frame: read.frame, offset: at, size: read.size });
      damagedBytes += tornBytes;
      tornBytes = 0;
      at += read.size;
      continue;
    }
    const next = nextMagic(source, at, end);
    // A frame that is cut short may also be one whose length was flipped: go on looking behind it.
    if (read === 'cut' || tornBytes > 0) tornBytes += next - at;
    else damagedBytes += next - at;
    at = next;
  }
  return { frames, damagedBytes, tornBytes };
}
