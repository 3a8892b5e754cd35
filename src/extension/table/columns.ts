import type { PluginRow } from '../plugin.ts';

export type ColumnType = 'TEXT' | 'INTEGER' | 'BIGINT' | 'UNSIGNED BIGINT' | 'DOUBLE' | 'BLOB';

/** How a column compares text. `VERSION*` order version numbers, as those of Debian and RPM packages. */
export type Collation =
  | 'BINARY'
  | 'NOCASE'
  | 'RTRIM'
  | 'VERSION'
  | 'VERSION_ARCH'
  | 'VERSION_DPKG'
  | 'VERSION_RHEL';

/** A column with options. Without any, its type alone will do. */
export interface Column {
  readonly type: ColumnType;
  /** `generate` can use constraints on it. With `--extensions_default_index` (on by default) so is every plain column. */
  readonly index?: boolean;
  /** A query has to constrain it; without, osquery warns and asks for nothing. */
  readonly required?: boolean;
  /** Constraints on it cause other rows to be generated. */
  readonly additional?: boolean;
  /** `generate` leaves out work when it is not asked for. */
  readonly optimized?: boolean;
  /** Not part of `SELECT *`. */
  readonly hidden?: boolean;
  readonly collate?: Collation;
  /** Other names, which queries can use. */
  readonly aliases?: readonly string[];
}

/** The columns of a table by name, in the order of `SELECT *`. */
export type Columns = Readonly<Record<string, ColumnType | Column>>;

/** Marks of a table as a whole. */
export interface TableAttributes {
  /** Works without privileges and is the same on all platforms. */
  readonly utility?: boolean;
  /** The same query gives the same rows for a while. */
  readonly cacheable?: boolean;
  readonly eventBased?: boolean;
  /** Rows are those of the current user unless `uid` is constrained. */
  readonly userBased?: boolean;
  readonly kernelRequired?: boolean;
}

type TypeOf<C extends ColumnType | Column> = C extends Column ? C['type'] : C;

interface ValueTypes {
  readonly TEXT: string;
  readonly INTEGER: number | boolean;
  readonly BIGINT: number | bigint;
  readonly 'UNSIGNED BIGINT': number | bigint;
  readonly DOUBLE: number;
  /** osquery reads it as a C string: it ends at the first zero byte. */
  readonly BLOB: string | Uint8Array;
}

/** A row that `generate` returns. What is left out, `null` or `undefined` is NULL. */
export type Row<C extends Columns> = {
  readonly [Name in keyof C]?: ValueTypes[TypeOf<C[Name]>] | null | undefined;
};

/** The option bits of a column (`ColumnOptions` in osquery's `core/sql/column.h`). */
const optionBits = { index: 1, required: 2, additional: 4, optimized: 8, hidden: 16 } as const;

const collationBits: Record<Collation, number> = {
  BINARY: 32,
  NOCASE: 64,
  RTRIM: 128,
  VERSION: 256,
  VERSION_ARCH: 512,
  VERSION_DPKG: 1024,
  VERSION_RHEL: 2048,
};

/** `TableAttributes` in osquery's `core/tables.h`. */
const attributeBits = { utility: 1, cacheable: 2, eventBased: 4, userBased: 8, kernelRequired: 16 } as const;

export function columnOf(column: ColumnType | Column): Column {
  return typeof column === 'string' ? { type: column } : column;
}

/** What registration tells osqueryd about a table. */
export function tableRoute(
  columns: Columns,
  aliases: readonly string[],
  attributes: TableAttributes,
): PluginRow[] {
  const entries = Object.entries(columns).map(([name, column]) => ({ name, column: columnOf(column) }));
  return [
    ...entries.map(({ name, column }) =>
      row({ id: 'column', name, type: column.type, op: String(columnBits(column)) }),
    ),
    ...aliases.map((alias) => row({ id: 'alias', alias })),
    ...entries.flatMap(({ name, column }) =>
      (column.aliases ?? []).map((alias) => row({ id: 'columnAlias', name: alias, target: name })),
    ),
    row({
      id: 'attributes',
      attributes: String(bits<keyof typeof attributeBits>(attributes, attributeBits)),
    }),
  ];
}

function columnBits(column: Column): number {
  return (
    bits<keyof typeof optionBits>(column, optionBits) |
    (column.collate === undefined ? 0 : collationBits[column.collate])
  );
}

function bits<K extends string>(
  flags: { readonly [Name in K]?: boolean },
  table: Readonly<Record<K, number>>,
): number {
  let sum = 0;
  for (const name of Object.keys(table) as K[]) if (flags[name] === true) sum |= table[name];
  return sum;
}

function row(entries: Record<string, string>): PluginRow {
  return new Map(Object.entries(entries));
}
