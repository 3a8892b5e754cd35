import type { ByteString } from './bytes.ts';

/** One row of route info, as an extension registers a table (B.5 of the protocol). */
export type RouteRow = ReadonlyMap<ByteString, ByteString>;

/** Column types of osquery's tables. */
export type ColumnType = 'TEXT' | 'INTEGER' | 'BIGINT' | 'UNSIGNED BIGINT' | 'DOUBLE' | 'BLOB' | 'UNKNOWN';

/** Bits of the `op` of a column. The last two are collations; SQLite itself has no VERSION. */
export const ColumnOption = {
  INDEX: 1,
  REQUIRED: 2,
  ADDITIONAL: 4,
  OPTIMIZED: 8,
  HIDDEN: 16,
  NOCASE: 64,
  VERSION: 256,
} as const;

/** Names of collations, as bits of `op`. SQLite has only the first three built in. */
const COLLATIONS: ReadonlyArray<readonly [number, string]> = [
  [32, 'BINARY'],
  [64, 'NOCASE'],
  [128, 'RTRIM'],
];

export interface RouteColumn {
  readonly name: ByteString;
  readonly type: ColumnType;
  readonly options: number;
}

/** A table as core attaches it. */
export interface Route {
  readonly columns: readonly RouteColumn[];
  /** Further names of the table: views over it. */
  readonly aliases: readonly ByteString[];
  /** Further names of columns: hidden columns that show the target's value. */
  readonly columnAliases: ReadonlyArray<{ readonly name: ByteString; readonly target: ByteString }>;
  /** Bits: UTILITY 1, CACHEABLE 2, EVENT_BASED 4, USER_BASED 8, KERNEL_REQUIRED 16. */
  readonly attributes: number;
}

const TYPES = new Set(['TEXT', 'INTEGER', 'BIGINT', 'UNSIGNED BIGINT', 'DOUBLE', 'BLOB']);

/**
 * Reads route info; rows of unknown kinds are skipped.
 * @param defaultIndex `--extensions_default_index`, default true: a column with `op` 0 counts as INDEX.
 * @returns undefined without any column: core answers `Invalid route info`.
 */
export function readRoute(rows: readonly RouteRow[], defaultIndex: boolean = true): Route | undefined {
  const columns = rows
    .filter((row) => row.get('id') === 'column')
    .map((row) => ({
      name: row.get('name') ?? '',
      type: columnType(row.get('type')),
      options: bits(row.get('op')),
    }))
    .map((column) =>
      column.options === 0 && defaultIndex ? { ...column, options: ColumnOption.INDEX } : column,
    );
  if (columns.length === 0) return undefined;
  const attributes = rows.find((row) => row.get('id') === 'attributes');
  return {
    columns,
    aliases: rows.filter((row) => row.get('id') === 'alias').map((row) => row.get('alias') ?? ''),
    columnAliases: rows
      .filter((row) => row.get('id') === 'columnAlias')
      .map((row) => ({ name: row.get('name') ?? '', target: row.get('target') ?? '' })),
    attributes: bits(attributes?.get('attributes')),
  };
}

/** The route info of a table, as core answers `columns` for its own tables. */
export function routeRows(route: Route): RouteRow[] {
  return [
    ...route.columns.map(
      ({ name, type, options }) =>
        new Map([
          ['id', 'column'],
          ['name', name],
          ['type', type],
          ['op', String(options)],
        ]),
    ),
    ...route.aliases.map(
      (alias) =>
        new Map([
          ['alias', alias],
          ['id', 'alias'],
        ]),
    ),
    ...route.columnAliases.map(
      ({ name, target }) =>
        new Map([
          ['id', 'columnAlias'],
          ['name', name],
          ['target', target],
        ]),
    ),
    new Map([
      ['attributes', String(route.attributes)],
      ['id', 'attributes'],
    ]),
  ];
}

/** All columns of the SQLite table: those of the route, then one hidden column of no type for each alias. */
export function allColumns(route: Route): RouteColumn[] {
  const aliases = route.columnAliases.map(
    ({ name }): RouteColumn => ({ name, type: 'UNKNOWN', options: ColumnOption.HIDDEN }),
  );
  return [...route.columns, ...aliases];
}

/** The statement for `sqlite3_declare_vtab`. Names are not escaped, as in core: a quote in one makes the table unusable. */
export function declaration(route: Route): ByteString {
  const columns = allColumns(route).map(({ name, type, options }) => {
    const collation = COLLATIONS.find(([bit]) => (options & bit) !== 0);
    const collate = collation === undefined ? '' : ` COLLATE ${collation[1]}`;
    const hidden = (options & ColumnOption.HIDDEN) === 0 ? '' : ' HIDDEN';
    return `"${name}" ${type}${collate}${hidden}`;
  });
  return `CREATE TABLE x(${columns.join(', ')})`;
}

/** A type by the name that a route or a declaration gives it. */
export function columnType(name: ByteString | undefined): ColumnType {
  return isColumnType(name) ? name : 'UNKNOWN';
}

function isColumnType(name: ByteString | undefined): name is ColumnType {
  return name !== undefined && TYPES.has(name);
}

function bits(text: ByteString | undefined): number {
  return Number.parseInt(text ?? '0', 10) || 0;
}
