import { type ByteString, untilNul } from './bytes.ts';
import { type ColumnType, columnType } from './route.ts';
import type { Row, Value } from './row.ts';
import type { Sqlite } from './sqlite.ts';

/** The first statement of an SQL text, prepared; `pointer` is 0 when there is none (comments, white space). */
export interface Statement {
  readonly pointer: number;
  /** What follows the statement. */
  readonly rest: ByteString;
}

/** Calls `use` with the first statement of `sql` and frees it afterwards. */
export function withStatement<T>(
  sqlite: Sqlite,
  sql: ByteString,
  use: (statement: Statement) => T,
): T | { readonly error: ByteString } {
  const { capi, wasm } = sqlite.api;
  const text = sqlite.allocate(sql);
  const out = wasm.alloc(8);
  let pointer = 0;
  try {
    wasm.pokePtr(out, 0);
    wasm.pokePtr(out + 4, 0);
    const code = capi.sqlite3_prepare_v2(sqlite.db, text, -1, out, out + 4);
    if (code !== capi.SQLITE_OK) return { error: sqlite.errorText() };
    pointer = Number(wasm.peekPtr(out));
    const tail = Number(wasm.peekPtr(out + 4));
    return use({ pointer, rest: sql.slice(tail - text) });
  } finally {
    if (pointer !== 0) capi.sqlite3_finalize(pointer);
    wasm.dealloc(out);
    wasm.dealloc(text);
  }
}

/** Names of the result columns. */
export function columnNames(sqlite: Sqlite, statement: number): ByteString[] {
  const count = sqlite.api.capi.sqlite3_column_count(statement);
  return Array.from({ length: count }, (_, i) => sqlite.text(sqlite.raw.sqlite3_column_name(statement, i)));
}

/** Declared types of the result columns; `UNKNOWN` for expressions. */
export function declaredTypes(sqlite: Sqlite, statement: number): ColumnType[] {
  const count = sqlite.api.capi.sqlite3_column_count(statement);
  return Array.from({ length: count }, (_, i) =>
    columnType(sqlite.text(sqlite.raw.sqlite3_column_decltype(statement, i))),
  );
}

/** The row at which the statement stands. Text and blobs end at their first NUL, NULL becomes `nullValue`. */
export function readRow(
  sqlite: Sqlite,
  statement: number,
  names: readonly ByteString[],
  nullValue: ByteString,
): Row {
  return new Map(names.map((name, i) => [name, readValue(sqlite, statement, i, nullValue)]));
}

function readValue(sqlite: Sqlite, statement: number, column: number, nullValue: ByteString): Value {
  const { capi } = sqlite.api;
  switch (capi.sqlite3_column_type(statement, column)) {
    case capi.SQLITE_INTEGER:
      return BigInt(capi.sqlite3_column_int64(statement, column));
    case capi.SQLITE_FLOAT:
      return capi.sqlite3_column_double(statement, column);
    case capi.SQLITE_NULL:
      return nullValue;
    default: {
      const bytes = capi.sqlite3_column_blob(statement, column);
      return untilNul(sqlite.bytes(bytes, capi.sqlite3_column_bytes(statement, column)));
    }
  }
}
