import type { ByteString } from './bytes.ts';
import type { ColumnType, Route } from './route.ts';
import type { TableRow } from './virtual-tables.ts';

/** A table of core: its route, and its rows, which are all rows whatever the statement asks for. */
export interface HostTable {
  readonly route: Route;
  /** As the plugin call `generate` shows them: also values that are no column of the route (`os_version._id`). */
  rows(): TableRow[];
}

/** A column: name, type, options (default 0). */
export type ColumnSpec = readonly [name: string, type: ColumnType, options?: number];

/** Makes a table of core. */
export function hostTable(columns: readonly ColumnSpec[], rows: () => TableRow[], attributes = 0): HostTable {
  const route: Route = {
    columns: columns.map(([name, type, options = 0]) => ({ name, type, options })),
    aliases: [],
    columnAliases: [],
    attributes,
  };
  return { route, rows };
}

/** A row from ordinary values: text, numbers, booleans as 0 and 1. Text must be bytes already. */
export function tableRow(values: Readonly<Record<string, ByteString | number | boolean>>): TableRow {
  return new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? (value ? '1' : '0') : String(value),
    ]),
  );
}
