import { elementsOf, type Member, membersOf, type Span, spells } from './json-scan.ts';
import type { RecordLine } from './log-body.ts';

/** osqueryd's short names in a status call, and those of a status line, in the order of the built-in logger. */
const names = [
  ['"h"', '"hostIdentifier"'],
  ['"c"', '"calendarTime"'],
  ['"u"', '"unixTime"'],
  ['"s"', '"severity"'],
  ['"f"', '"filename"'],
  ['"i"', '"line"'],
  ['"m"', '"message"'],
] as const;

const numeric = new Set(['"u"', '"s"', '"i"']);

/**
 * The status lines of one `status` call, whose text is a JSON array. Values go over byte for byte; only numbers that an
 * old core wrote as strings lose their quotes, since servers refuse a batch that mixes both. Decorations are not there:
 * no call of osqueryd hands them to an extension.
 */
export function* statusLines(
  record: Uint8Array,
  firstRow: number,
  osqueryVersion: string,
): Iterable<RecordLine> {
  const elements = elementsOf(record);
  if (elements === undefined) {
    if (firstRow === 0) yield { row: 0, bytes: record, invalid: 'not a JSON array of status lines' };
    return;
  }
  const version = Buffer.from(`,"version":${JSON.stringify(osqueryVersion)}}`);
  for (let row = firstRow; row < elements.length; row++) {
    const element = elements[row];
    if (element === undefined) return;
    const members = membersOf(record, element.start);
    if (members === undefined) {
      yield { row, bytes: record.subarray(element.start, element.end), invalid: 'not a status line' };
    } else {
      yield { row, bytes: Buffer.concat([...statusParts(record, members), version]) };
    }
  }
}

function statusParts(record: Uint8Array, members: readonly Member[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const [short, long] of names) {
    const member = members.find(({ key }) => spells(record, key, short));
    if (member === undefined) continue;
    const value = numeric.has(short) ? bareNumber(record, member.value) : member.value;
    parts.push(
      Buffer.from(`${parts.length === 0 ? '{' : ','}${long}:`),
      record.subarray(value.start, value.end),
    );
  }
  if (parts.length === 0) parts.push(Buffer.from('{"hostIdentifier":""'));
  return parts;
}

/** A number without quotes around it, if there are any and nothing but digits between them. */
function bareNumber(record: Uint8Array, value: Span): Span {
  const text = Buffer.from(record.subarray(value.start, value.end)).toString('latin1');
  return /^"(0|[1-9]\d{0,15})"$/.test(text) ? { start: value.start + 1, end: value.end - 1 } : value;
}
