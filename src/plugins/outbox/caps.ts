import type { StreamName } from '../../api.ts';

/**
 * Limits of what waits, over all streams together. When one is reached, the oldest records of the least important
 * stream go (`sacrificeOrder`), never the ones that are on their way to the server.
 *
 * A record counts as the lines that its owner said at `append` (default 1), less the rows that are delivered already.
 * What a record truly holds is known only when it is delivered, and delivered lines are counted as they were sent.
 */
export interface Caps {
  /** Default 1,000,000, as osquery's `buffered_log_max`. 0 is no limit. */
  readonly maxLines: number;
  /** Of journal files and memory together. Default 512 MiB. */
  readonly maxBytes: number;
  /** Per stream, in milliseconds. Default none. A record may get 1/16 older, since records go in groups. */
  readonly maxAgeMs: Partial<Record<StreamName, number>>;
  /** Free space of the file system that is left to others. Default: the smaller of 256 MiB and 5 % of it. */
  readonly minFreeBytes: number | undefined;
  /** Of what waits in memory because the store is not open or refuses. Default 16 MiB. */
  readonly maxMemoryBytes: number;
  /**
   * Of what is in quarantine, default 1,000 lines and 16 MiB, but always at least one line. The oldest go first. As much
   * again may be held for another try.
   */
  readonly maxQuarantineLines: number;
  readonly maxQuarantineBytes: number;
}

const mib = 1024 * 1024;

export const defaultCaps: Caps = {
  maxLines: 1_000_000,
  maxBytes: 512 * mib,
  maxAgeMs: {},
  minFreeBytes: undefined,
  maxMemoryBytes: 16 * mib,
  maxQuarantineLines: 1000,
  maxQuarantineBytes: 16 * mib,
};

/** Which stream loses lines first. */
export const sacrificeOrder: readonly StreamName[] = ['status', 'distributed', 'result'];

/** Sizes that follow from the caps: how large a segment file grows, and in which portions records are dropped. */
export function portions(caps: Caps, stream: StreamName) {
  const maxAge = caps.maxAgeMs[stream];
  return {
    segmentBytes: clamp(caps.maxBytes / 64, 4096, 8 * mib),
    memorySegmentBytes: clamp(Math.min(caps.maxBytes / 64, caps.maxMemoryBytes / 16), 4096, mib),
    block: {
      bytes: clamp(caps.maxBytes / 1024, 1, 64 * 1024),
      lines: caps.maxLines === 0 ? 128 : clamp(Math.floor(caps.maxLines / 256), 1, 128),
      ageMs: maxAge === undefined ? Infinity : maxAge / 16,
    },
  };
}

/** How many free bytes are missing, 0 if none. */
export function missingFreeBytes(caps: Caps, free: number, total: number): number {
  const wanted = caps.minFreeBytes ?? Math.min(256 * mib, total * 0.05);
  return Math.max(0, wanted - free);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
