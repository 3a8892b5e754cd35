import type { StreamName } from '../../../api.ts';

/**
 * A segment's file name says all that a damaged file could not: `result-0000000012-<writer>.journal`. Sorted by name
 * the segments of a stream are in order.
 */
export interface SegmentName {
  readonly stream: StreamName;
  /** Counts on for ever within a stream, over all openings. */
  readonly sequence: number;
  readonly writer: string;
}

const pattern = /^(result|status|distributed)-(\d{10})-([0-9a-z]{8,64})\.journal$/;

export function formatSegmentName(name: SegmentName): string {
  return `${name.stream}-${String(name.sequence).padStart(10, '0')}-${name.writer}.journal`;
}

/** @returns undefined for a file that is none of ours. */
export function parseSegmentName(file: string): SegmentName | undefined {
  const match = pattern.exec(file);
  if (match === null) return undefined;
  const [, stream, sequence, writer] = match;
  if (stream !== 'result' && stream !== 'status' && stream !== 'distributed') return undefined;
  return { stream, sequence: Number(sequence), writer: writer ?? '' };
}
