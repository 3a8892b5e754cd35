/**
 * The numbers of lines as the header `x-osquery-remote-lines` lists them (`dedupeHeaders` in `src/api.ts`):
 * `7,8.0-8.4,9-12` is 10 lines. A line's number is (record, row).
 */

/** Lines that follow each other: row 0 of `count` records, or `count` rows of one record. */
export interface LineRange {
  readonly over: 'records' | 'rows';
  readonly record: number;
  readonly row: number;
  readonly count: number;
}

/** A list of numbers that does not follow the syntax, or is not in order. */
export class LineNumbersError extends Error {
  override readonly name = 'LineNumbersError';
}

const onePart = /^(\d{1,16})(?:\.(\d{1,16}))?(?:-(\d{1,16})(?:\.(\d{1,16}))?)?$/;

/**
 * Reads a list of numbers. They must rise from each to the next: a number that came twice in one list would hide a line.
 * @throws {LineNumbersError} says which part is wrong, and why.
 */
export function parseLineNumbers(text: string): LineRange[] {
  const ranges: LineRange[] = [];
  let last = { record: 0, row: 0 };
  if (text.trim() === '') return ranges;
  for (const part of text.split(',')) {
    const range = parsePart(part.trim());
    if (range.record < last.record || (range.record === last.record && range.row <= last.row)) {
      throw new LineNumbersError(`${show(part)} does not come after ${last.record}.${last.row}`);
    }
    ranges.push(range);
    last =
      range.over === 'records'
        ? { record: range.record + range.count - 1, row: 0 }
        : { record: range.record, row: range.row + range.count - 1 };
  }
  return ranges;
}

/** How many lines the ranges list. */
export function countLines(ranges: readonly LineRange[]): number {
  return ranges.reduce((sum, range) => sum + range.count, 0);
}

/** Every (record, row) of the ranges, in order. */
export function* eachLine(ranges: readonly LineRange[]): Generator<readonly [record: number, row: number]> {
  for (const { over, record, row, count } of ranges) {
    for (let i = 0; i < count; i++) yield over === 'records' ? [record + i, 0] : [record, row + i];
  }
}

function parsePart(part: string): LineRange {
  const [, record, row, lastRecord, lastRow] = onePart.exec(part) ?? [];
  if (record === undefined) {
    throw new LineNumbersError(`${show(part)} is not a number (7 or 7.0) or a range (7-9 or 7.0-7.4)`);
  }
  const first = { record: toNumber(record), row: toNumber(row ?? '0') };
  if (first.record < 1) throw new LineNumbersError(`${show(part)}: records count from 1`);
  if (lastRecord === undefined) {
    return { over: row === undefined ? 'records' : 'rows', ...first, count: 1 };
  }
  const last = { record: toNumber(lastRecord), row: toNumber(lastRow ?? '0') };
  if (row === undefined && lastRow === undefined) {
    return { over: 'records', ...first, count: counted(part, first.record, last.record) };
  }
  if (row === undefined || lastRow === undefined || first.record !== last.record) {
    throw new LineNumbersError(`${show(part)}: a range with rows stays within one record`);
  }
  return { over: 'rows', ...first, count: counted(part, first.row, last.row) };
}

function counted(part: string, first: number, last: number): number {
  if (last < first) throw new LineNumbersError(`${show(part)} runs backwards`);
  return last - first + 1;
}

function toNumber(digits: string): number {
  const number = Number(digits);
  if (!Number.isSafeInteger(number)) throw new LineNumbersError(`${show(digits)} is too large`);
  return number;
}

function show(part: string): string {
  return JSON.stringify(part.length > 60 ? `${part.slice(0, 60)}…` : part);
}
