import Table from 'cli-table3';
import { type Cell, type Expected, endpoints } from './cell.ts';
import type { CellResult } from './run.ts';

/** One line for a cell that failed: what was expected, and what happened. */
export function failureLine({ cell, differences }: CellResult): string {
  return `FAILED ${cell.name}: ${differences.join('; ').replace(/\s*\n\s*/g, ' ')}`;
}

/** What a cell says, on one line. */
export function cellLine({ name, rows, expected }: Cell): string {
  const { line, config, key, next, queries } = expected;
  const when = typeof next === 'string' ? next : `after ${next[0]} to ${next[1]} s`;
  const parts = [`line ${line}`, `config ${config}`, `key ${key}`, `next attempt ${when}`];
  if (queries !== undefined)
    parts.push(`queries ${typeof queries === 'string' ? queries : JSON.stringify(queries.json)}`);
  return `${name} (${rowsText(rows)}) → ${parts.join(', ')}`;
}

/** A row for each endpoint: how many cells there are, by what is expected of the line, and how many failed. */
export function endpointTable(results: readonly CellResult[]): string {
  const fates: readonly Expected['next'][] = ['done', 'at once', 'when asked'];
  const table = new Table({
    head: [
      'endpoint',
      'cells',
      'no more to do',
      'again at once',
      'when asked',
      'after a wait',
      'passed',
      'failed',
    ],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
  });
  for (const endpoint of endpoints) {
    const own = results.filter(({ cell }) => cell.endpoint === endpoint);
    if (own.length === 0) continue;
    const failed = own.filter(({ differences }) => differences.length > 0).length;
    const counts = fates.map((fate) => own.filter(({ cell }) => cell.expected.next === fate).length);
    const waits = own.length - counts.reduce((sum, count) => sum + count, 0);
    table.push([endpoint, own.length, ...counts, waits, own.length - failed, failed]);
  }
  return table.toString();
}

/** The last line. */
export function totalLine(results: readonly CellResult[]): string {
  const failed = results.filter(({ differences }) => differences.length > 0).length;
  return `${results.length - failed} passed, ${failed} failed`;
}

function rowsText(rows: readonly number[]): string {
  return rows.map((row) => (row === 0 ? 'servers’ answers' : `row ${row}`)).join(', ');
}
