import type { Sqlite } from './sqlite.ts';
import type { TableChange, WrittenValue } from './table-write.ts';

/** Reads the arguments of `xUpdate`: the old rowid, the new one, then a value for each column. */
export function readChange(sqlite: Sqlite, argc: number, argv: number): TableChange {
  const { wasm } = sqlite.api;
  const pointers = Array.from({ length: argc }, (_, i) => Number(wasm.peekPtr(argv + 4 * i)));
  const [oldId, newId, ...values] = pointers.map((pointer) => readWritten(sqlite, pointer));
  const id = typeof oldId === 'bigint' ? oldId : undefined;
  const given = typeof newId === 'bigint' ? newId : undefined;
  if (id === undefined) return { action: 'insert', id: given, values };
  return argc === 1 ? { action: 'delete', id } : { action: 'update', id, newId: given ?? id, values };
}

function readWritten(sqlite: Sqlite, value: number): WrittenValue {
  const { capi } = sqlite.api;
  switch (capi.sqlite3_value_type(value)) {
    case capi.SQLITE_INTEGER:
      return BigInt(capi.sqlite3_value_int64(value));
    case capi.SQLITE_FLOAT:
      return capi.sqlite3_value_double(value);
    case capi.SQLITE_NULL:
      return null;
    case capi.SQLITE_TEXT:
      return textOf(sqlite, value);
    default:
      return { blob: textOf(sqlite, value) };
  }
}

function textOf(sqlite: Sqlite, value: number): string {
  const { capi } = sqlite.api;
  return sqlite.bytes(capi.sqlite3_value_blob(value), capi.sqlite3_value_bytes(value));
}
