import init, { type Database, type Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import type { ByteString } from './bytes.ts';

/** Functions of the C API whose JavaScript forms would decode text, and so lose bytes. */
interface RawFunctions {
  sqlite3_column_name(statement: number, column: number): number;
  sqlite3_column_decltype(statement: number, column: number): number;
  sqlite3_errmsg(database: number): number;
  sqlite3_result_text(context: number, text: number, bytes: number, destructor: number): void;
  sqlite3_value_text(value: number): number;
}

/** The parts of SQLite's structures that virtual tables use, by the names that they have at run time. */
export interface IndexInfo {
  readonly $nConstraint: number;
  readonly $colUsed: bigint;
  $idxNum: number;
  $estimatedCost: number;
  nthConstraint(index: number): { readonly $iColumn: number; readonly $op: number; readonly $usable: number };
  nthConstraintUsage(index: number): { $argvIndex: number };
  dispose(): void;
}

interface Mapper<T> {
  /** Makes a structure and stores its address at `out`. */
  create(out: number): T & { readonly pointer: number };
  get(pointer: number): T;
  dispose(pointer: number): void;
}

/** The package's tools for virtual tables; its own types describe them otherwise than they are. */
export interface VirtualTableTools {
  readonly xVtab: Mapper<{ $zErrMsg: number }>;
  readonly xCursor: Mapper<{ readonly $pVtab: number }>;
  xIndexInfo(pointer: number): IndexInfo;
  setupModule(options: {
    readonly methods: Readonly<Record<string, (...args: never[]) => number>>;
    readonly catchExceptions: boolean;
  }): Sqlite3Module;
}

type Sqlite3Module = InstanceType<Sqlite3Static['capi']['sqlite3_module']>;

let loaded: Promise<Sqlite3Static> | undefined;

/** A connection to a database in memory, with text as bytes. */
export class Sqlite {
  readonly api: Sqlite3Static;
  readonly raw: RawFunctions;
  readonly vtab: VirtualTableTools;
  readonly #database: Database;

  private constructor(api: Sqlite3Static) {
    this.api = api;
    this.raw = api.wasm.exports;
    this.vtab = api.vtab as unknown as VirtualTableTools;
    this.#database = new api.oo1.DB(':memory:');
    // Double quotes around text that names nothing make a string, as in the SQLite that core is built with.
    for (const option of [api.capi.SQLITE_DBCONFIG_DQS_DML, api.capi.SQLITE_DBCONFIG_DQS_DDL]) {
      api.capi.sqlite3_db_config(this.db, option, 1, 0);
    }
  }

  static async open(): Promise<Sqlite> {
    loaded ??= init();
    return new Sqlite(await loaded);
  }

  /** The pointer of the connection. */
  get db(): number {
    const { pointer } = this.#database;
    if (pointer === undefined) throw new Error('the database is closed');
    return pointer;
  }

  close(): void {
    this.#database.close();
  }

  /** The text at a pointer, up to its NUL; empty for a null pointer. */
  text(pointer: number): ByteString {
    if (pointer === 0) return '';
    const heap = this.api.wasm.heap8u();
    return latin1(heap.subarray(pointer, heap.indexOf(0, pointer)));
  }

  /** The bytes at a pointer. */
  bytes(pointer: number, length: number): ByteString {
    return latin1(this.api.wasm.heap8u().subarray(pointer, pointer + length));
  }

  /** Puts text into SQLite's memory with a NUL after it; whoever calls frees it with `wasm.dealloc`. */
  allocate(text: ByteString): number {
    const { wasm } = this.api;
    const pointer = wasm.alloc(text.length + 1);
    wasm.heap8u().set(Buffer.from(`${text}\0`, 'latin1'), pointer);
    return pointer;
  }

  /** What went wrong last. */
  errorText(): ByteString {
    return this.text(this.raw.sqlite3_errmsg(this.db));
  }
}

function latin1(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
