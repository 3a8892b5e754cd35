import { elementsOf, membersOf, type Span, spells } from './json-scan.ts';
import type { RecordLine } from './log-body.ts';

/** A batch line, cut apart. */
interface BatchLine {
  /** The members that each event line repeats: all but `diffResults`. */
  readonly common: Span;
  readonly removed: readonly Span[];
  readonly added: readonly Span[];
}

/** Smaller records are cut again rather than remembered. */
const minRememberedBytes = 64 * 1024;

/**
 * Writes differential batch lines (`logger_event_type=false`) out as event lines. Remembers where the rows of the last
 * large record stand: its rows go out in many requests, and a scan from the start for each would take time that grows
 * with the square of the rows.
 */
export class RowWriter {
  #remembered: { readonly id: string; readonly batch: BatchLine | undefined } | undefined;

  /**
   * The event lines of one batch line: the same lines, in the same order, byte for byte, as osqueryd writes with
   * `logger_event_type=true`, removed rows first. Undefined if the record is no batch line; none at all for a batch line
   * without rows.
   * @param id names the record, so that equal ids mean equal bytes
   */
  lines(record: Uint8Array, firstRow: number, id: string): Iterable<RecordLine> | undefined {
    const batch = this.#cut(record, id);
    return batch && eventLines(record, batch, firstRow);
  }

  #cut(record: Uint8Array, id: string): BatchLine | undefined {
    if (record.length < minRememberedBytes) return cutApart(record);
    if (this.#remembered?.id !== id) this.#remembered = { id, batch: cutApart(record) };
    return this.#remembered.batch;
  }
}

function* eventLines(record: Uint8Array, batch: BatchLine, firstRow: number): Iterable<RecordLine> {
  const { common, removed, added } = batch;
  const head = Buffer.concat([
    Buffer.from('{'),
    record.subarray(common.start, common.end),
    Buffer.from(common.end > common.start ? ',"columns":' : '"columns":'),
  ]);
  const tails = { removed: Buffer.from(',"action":"removed"}'), added: Buffer.from(',"action":"added"}') };
  const rows = removed.length + added.length;
  for (let row = firstRow; row < rows; row++) {
    const span = row < removed.length ? removed[row] : added[row - removed.length];
    if (span === undefined) return;
    const tail = row < removed.length ? tails.removed : tails.added;
    yield { row, bytes: Buffer.concat([head, record.subarray(span.start, span.end), tail]) };
  }
}

/** osqueryd puts `diffResults` first. Anything else, also damaged text, is no batch line. */
function cutApart(record: Uint8Array): BatchLine | undefined {
  const members = membersOf(record);
  const [diff, next] = members ?? [];
  const last = members?.at(-1);
  if (diff === undefined || last === undefined || !spells(record, diff.key, '"diffResults"'))
    return undefined;
  const lists = membersOf(record, diff.value.start);
  if (lists === undefined) return undefined;
  const rowsOf = (name: string) => {
    const list = lists.find(({ key }) => spells(record, key, name));
    return list === undefined ? [] : elementsOf(record, list.value.start);
  };
  const removed = rowsOf('"removed"');
  const added = rowsOf('"added"');
  if (removed === undefined || added === undefined) return undefined;
  const common = next === undefined ? { start: 0, end: 0 } : { start: next.key.start, end: last.value.end };
  return { common, removed, added };
}
