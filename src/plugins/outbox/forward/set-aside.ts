import type { StreamName } from '../../../api.ts';
import type { Delivery, UnfitLine } from '../batch.ts';
import type { Taken } from '../journal/index.ts';
import type { SetAside } from '../lookups.ts';

/** The line that was refused alone: the first one of what was taken that goes to the server at all. */
export function heldLine(
  stream: StreamName,
  taken: Taken,
  delivery: Delivery,
  now: number,
): Omit<SetAside, 'id'> | undefined {
  const [record] = taken.records;
  if (record === undefined) return undefined;
  const { number, kind, acceptedAt, bytes } = record;
  const { next, answer } = delivery;
  return {
    stream,
    state: 'held',
    writer: taken.writer,
    record: number,
    kind,
    // Where the record goes on behind it, the line is the one before; where it does not, the first that is sent.
    row: next.record === number ? Math.max(taken.firstRow, next.row - 1) : taken.firstRow,
    reason: answer.kind === 'delivered' ? '' : answer.reason,
    acceptedAt,
    setAsideAt: now,
    key: taken.key,
    tag: taken.tag,
    bytes,
  };
}

/** A line that never goes to the server, as it was cut out of its record. */
export function unfitLine(
  stream: StreamName,
  taken: Taken,
  line: UnfitLine,
  now: number,
): Omit<SetAside, 'id'> {
  const record = taken.records.find(({ number }) => number === line.record);
  return {
    stream,
    state: 'quarantined',
    writer: taken.writer,
    record: line.record,
    kind: 'line',
    row: 0,
    reason: line.reason,
    acceptedAt: record?.acceptedAt ?? now,
    setAsideAt: now,
    key: '',
    tag: '',
    bytes: line.bytes,
  };
}
