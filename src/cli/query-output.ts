import Table from 'cli-table3';
import type { QueryResult } from '../server/index.ts';
import { type Colors, clean } from './terminal.ts';

/** The rows of one node's answer as text that ends with a line break, or nothing when there are none. */
export type FormatRows = (result: QueryResult) => string;

/** One JSON object per row. */
export function formatJson({ node, rows }: QueryResult): string {
  return rows.map((row) => `${JSON.stringify({ node, row })}\n`).join('');
}

/** A table per node, with the columns in the order of the query. */
export function formatTable(colors: Colors): FormatRows {
  return ({ node, rows }) => {
    if (rows.length === 0) return `${colors.bold(clean(node))}: no rows\n`;
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const table = new Table({
      head: ['node', ...columns].map((name) => colors.bold(clean(name))),
      style: { head: [], border: [], compact: true },
    });
    for (const row of rows) {
      table.push([clean(node), ...columns.map((column) => clean(String(row[column] ?? '')))]);
    }
    return `${table.toString()}\n`;
  };
}
