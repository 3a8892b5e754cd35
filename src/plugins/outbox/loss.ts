import type { StreamName } from '../../api.ts';

/**
 * Why lines were lost, or left out.
 * - `lines`, `bytes`, `age`, `disk_space`: a cap.
 * - `memory`: the disk refused, and the memory kept for that was full.
 * - `damaged`: they could not be read back.
 * - `replaced`: a later record of the same key came in their place, or they were cancelled.
 * - `quarantine`: it was full, or they were taken out of it by hand.
 */
const lossReasons = [
  'lines',
  'bytes',
  'age',
  'disk_space',
  'memory',
  'damaged',
  'replaced',
  'quarantine',
] as const;

export type LossReason = (typeof lossReasons)[number];

export interface Loss {
  readonly stream: StreamName;
  readonly lines: number;
  readonly reason: LossReason;
}

const streamNames: readonly StreamName[] = ['result', 'status', 'distributed'];
const labelled = 'loss ';

/** A loss as the key and tag of the record that tells of it. */
export function lossLabels({ stream, lines, reason }: Loss): { key: string; tag: string } {
  return { key: `${labelled}${stream} ${reason}`, tag: String(lines) };
}

/** What the record with these labels tells of. @returns one loss, or none. */
export function lossOf({ key, tag }: { readonly key: string; readonly tag: string }): Loss[] {
  if (!key.startsWith(labelled)) return [];
  const [stream, reason] = key.slice(labelled.length).split(' ');
  return parseLoss({ stream, reason, lines: Number(tag) });
}

/** @returns one loss, or none if the parts are not of one. */
export function parseLoss(parts: Readonly<Record<string, unknown>>): Loss[] {
  const { lines } = parts;
  const stream = streamNames.find((one) => one === parts['stream']);
  const reason = lossReasons.find((one) => one === parts['reason']);
  if (stream === undefined || reason === undefined) return [];
  return typeof lines === 'number' && Number.isSafeInteger(lines) && lines >= 0
    ? [{ stream, lines, reason }]
    : [];
}
