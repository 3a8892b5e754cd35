import { toBytes } from './bytes.ts';
import type { Sqlite } from './sqlite.ts';
import type { StatusSink } from './status-line.ts';

/** Pragmas that core lets through. */
const PRAGMAS = new Set([
  'table_info',
  'table_xinfo',
  'function_list',
  'journal_mode',
  'case_sensitive_like',
  'collation_list',
]);

/** Makes SQLite refuse what core refuses, with `not authorized` and an ERROR line. */
export function installAuthorizer(sqlite: Sqlite, status: StatusSink): void {
  const { capi } = sqlite.api;
  const allowed = new Set<number>([
    capi.SQLITE_READ,
    capi.SQLITE_SELECT,
    capi.SQLITE_INSERT,
    capi.SQLITE_UPDATE,
    capi.SQLITE_DELETE,
    capi.SQLITE_CREATE_VTABLE,
    capi.SQLITE_DROP_VTABLE,
    capi.SQLITE_CREATE_VIEW,
    capi.SQLITE_DROP_VIEW,
    capi.SQLITE_CREATE_TABLE,
    capi.SQLITE_DROP_TABLE,
    capi.SQLITE_CREATE_TEMP_TABLE,
    capi.SQLITE_DROP_TEMP_TABLE,
    capi.SQLITE_CREATE_TEMP_VIEW,
    capi.SQLITE_DROP_TEMP_VIEW,
    capi.SQLITE_FUNCTION,
    capi.SQLITE_RECURSIVE,
    capi.SQLITE_TRANSACTION,
  ]);
  const authorize = (_: number, code: number, ...values: ReadonlyArray<string | 0>): number => {
    const [first] = values;
    if (allowed.has(code)) return capi.SQLITE_OK;
    const isPragma = code === capi.SQLITE_PRAGMA && typeof first === 'string';
    if (isPragma && PRAGMAS.has(first.toLowerCase())) return capi.SQLITE_OK;
    const words = values.slice(0, 4).map((value) => (value ? toBytes(value) : 'null'));
    const message = `Authorizer denied action ${code} ${words.join(' ')}`;
    status({ severity: 2, file: 'sqlite_util.cpp', line: 329, message });
    return capi.SQLITE_DENY;
  };
  capi.sqlite3_set_authorizer(sqlite.db, authorize, 0);
}

/** SQLite's own `load_extension` answers `not authorized`; the WebAssembly build has none. */
export function forbidLoadExtension(sqlite: Sqlite): void {
  const { capi } = sqlite.api;
  const refuse = () => {
    throw new NotAuthorized();
  };
  for (const count of [1, 2]) {
    capi.sqlite3_create_function(sqlite.db, 'load_extension', count, capi.SQLITE_UTF8, 0, refuse, 0, 0);
  }
}

/** SQLite's glue shows errors by `toString`. */
class NotAuthorized extends Error {
  override toString(): string {
    return 'not authorized';
  }
}
