import type { LinePosition } from '../outbox/index.ts';

/**
 * The numbers of lines as ranges, for the header by which a server drops repeated lines (see `dedupeHeaders`):
 * `7,8.0-8.4,9-12`.
 */
export class NumberRanges {
  readonly #ranges: string[] = [];
  #first: LinePosition | undefined;
  #last: LinePosition | undefined;
  #length = 0;

  /** Adds the next line. Numbers only go up. */
  add(line: LinePosition): void {
    if (this.#last !== undefined && follows(this.#last, line, this.#first)) {
      this.#last = line;
      return;
    }
    this.#close();
    this.#first = line;
    this.#last = line;
  }

  /** Characters of the text so far, about. */
  get length(): number {
    return this.#length + 40;
  }

  toString(): string {
    this.#close();
    return this.#ranges.join(',');
  }

  #close(): void {
    const { textOf } = NumberRanges;
    if (this.#first === undefined || this.#last === undefined) return;
    const single = this.#first === this.#last;
    const range = single ? textOf(this.#first, false) : rangeOf(this.#first, this.#last);
    this.#ranges.push(range);
    this.#length += range.length + 1;
    this.#first = undefined;
    this.#last = undefined;
  }

  static textOf({ record, row }: LinePosition, always: boolean): string {
    return row === 0 && !always ? String(record) : `${record}.${row}`;
  }
}

function rangeOf(first: LinePosition, last: LinePosition): string {
  const rows = first.record === last.record;
  return `${NumberRanges.textOf(first, rows)}-${NumberRanges.textOf(last, rows)}`;
}

/** A range runs over rows of one record, or over the rows 0 of records, and never over both. */
function follows(last: LinePosition, next: LinePosition, first: LinePosition | undefined): boolean {
  if (next.record === last.record) return next.row === last.row + 1 && first?.record === last.record;
  const overRecords = first?.record !== last.record || first === last;
  return next.record === last.record + 1 && next.row === 0 && last.row === 0 && overRecords;
}

/** The numbers that a text of `NumberRanges` lists, in order. */
export function* eachNumber(text: string): Generator<LinePosition, undefined> {
  for (const range of text === '' ? [] : text.split(',')) {
    const [first = '', last = first] = range.split('-');
    const [record = 0, row = 0] = first.split('.').map(Number);
    const [lastRecord = 0, lastRow = 0] = last.split('.').map(Number);
    for (let i = 0; i <= lastRecord - record + (lastRow - row); i++) {
      yield lastRecord > record ? { record: record + i, row: 0 } : { record, row: row + i };
    }
  }
  return undefined;
}
