import Table from 'cli-table3';
import type { QuarantineRow, StreamRow } from './outbox-source.ts';
import { type Colors, clean } from './terminal.ts';

/** Rows as one JSON object per line. */
export function formatRows(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

export function formatStreams(rows: readonly StreamRow[], now: number, colors: Colors): string {
  const table = newTable(
    ['stream', 'waiting', 'oldest', 'bytes', 'delivered', 'dropped', 'quarantined', 'next'],
    colors,
    1,
  );
  for (const row of rows) {
    table.push([
      clean(row.stream),
      number(row.lines),
      row.lines === 0 ? '' : ago(row.oldest_age),
      number(row.bytes),
      number(row.delivered),
      row.dropped === 0 ? '0' : colors.yellow(number(row.dropped)),
      row.quarantined === 0 ? '0' : colors.yellow(number(row.quarantined)),
      nextOf(row, now),
    ]);
  }
  const errors = rows
    .filter(({ last_error }) => last_error !== '')
    .map((row) => `${clean(row.stream)}, ${since(row.last_error_time, now)}: ${clean(row.last_error)}\n`);
  return `${table.toString()}\n${errors.join('')}`;
}

export function formatQuarantine(rows: readonly QuarantineRow[], now: number, colors: Colors): string {
  if (rows.length === 0) return 'nothing is in quarantine\n';
  const table = newTable(['id', 'stream', 'since', 'bytes', 'reason'], colors, 3);
  for (const row of rows) {
    table.push([
      String(row.id),
      clean(row.stream),
      since(row.quarantined_time, now),
      number(row.bytes),
      clean(row.reason, 100),
    ]);
  }
  return `${table.toString()}\n`;
}

export function formatLine(row: QuarantineRow, line: string, now: number, colors: Colors): string {
  const facts = [
    ['stream', clean(row.stream)],
    ['accepted', since(row.accepted_time, now)],
    ['set aside', since(row.quarantined_time, now)],
    ['reason', clean(row.reason, 1000)],
  ];
  const head = facts.map(([name = '', value]) => `${colors.bold(name.padEnd(11))}${value}\n`).join('');
  return `${head}\n${clean(line, 100_000)}\n`;
}

/** @param texts how many columns at the left are text; the others are numbers, but for a last column `reason`. */
function newTable(names: readonly string[], colors: Colors, texts: number): InstanceType<typeof Table> {
  return new Table({
    head: names.map((name) => colors.bold(name)),
    colAligns: names.map((name, i) => (i < texts || name === 'reason' ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function since(wallS: number | null, now: number): string {
  return wallS === null ? 'never' : `${ago(Math.max(0, Math.round(now / 1000 - wallS)))} ago`;
}

/** When it is tried again: nothing when nothing waits, a dash when nobody tries. */
function nextOf({ lines, next_attempt: next }: StreamRow, now: number): string {
  if (lines === 0) return '';
  return next === null ? '–' : inSeconds(next - now / 1000);
}

function inSeconds(seconds: number): string {
  return seconds < 1 ? 'now' : `in ${ago(Math.round(seconds))}`;
}

/** `45 s`, `12 min`, `3 h`, `2 d` */
function ago(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
