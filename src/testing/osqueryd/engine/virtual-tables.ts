import type { ByteString } from './bytes.ts';
import { double, integer } from './numbers.ts';
import { allColumns, type ColumnType, declaration, type Route } from './route.ts';
import { type Constraint, contextText, isTaken, satisfiesRequired } from './scan.ts';
import type { Sqlite } from './sqlite.ts';
import { readChange } from './table-change.ts';
import { type WriteRequest, writeOutcome, writeRequest } from './table-write.ts';

/** A row of a table: text values by column; a missing one is NULL. `rowid` gives the row's id. */
export type TableRow = ReadonlyMap<ByteString, ByteString>;

/** What a table answers: rows, or the error of the statement. */
export type Known = { readonly rows: readonly TableRow[] } | { readonly error: ByteString };

/** As `Known`, or `pending`: the statement is to be given up for now. */
export type ScanAnswer = Known | 'pending';

/** Answers the scans that SQLite makes. */
export interface ScanSource {
  /**
   * Makes the rows of a scan.
   * @param question tells the scan from others; unlike `context` it does not depend on what was read before.
   */
  scan(table: ByteString, context: ByteString, question: ByteString): ScanAnswer;
  /** Inserts, updates or deletes a row; the answer is that of the call, whatever its status. */
  write(table: ByteString, request: WriteRequest): ScanAnswer;
  /** A scan was refused since the table needs a condition that the statement does not give. */
  requiredMissing(message: ByteString): void;
}

interface Plan {
  readonly constraints: readonly Constraint[];
  readonly columnsUsed: bigint;
}

interface Table {
  readonly name: ByteString;
  readonly route: Route;
  /** Aliases that were read: core then knows their column by the target's name only (recorded). */
  readonly readAliases: Set<ByteString>;
  readonly plans: Map<number, Plan>;
}

interface Cursor {
  readonly table: Table;
  rows: readonly TableRow[];
  at: number;
}

/** Tables of core cannot be written, those of extensions have a way to refuse. */
const READ_ONLY = 'osquery';
const WRITABLE = 'osquery_writable';

/** osquery's tables in SQLite: one module whose tables are looked up by name. */
export class VirtualTables {
  readonly #sqlite: Sqlite;
  readonly #source: ScanSource;
  readonly #routes = new Map<ByteString, Route>();
  readonly #tables = new Map<number, Table>();
  readonly #cursors = new Map<number, Cursor>();
  readonly #dispose: () => void;
  #plans = 0;

  constructor(sqlite: Sqlite, source: ScanSource) {
    this.#sqlite = sqlite;
    this.#source = source;
    this.#dispose = this.#install();
  }

  /** Makes the next `CREATE VIRTUAL TABLE <name> USING osquery` create this table. */
  define(name: ByteString, route: Route): void {
    this.#routes.set(name, route);
  }

  forget(name: ByteString): void {
    this.#routes.delete(name);
  }

  close(): void {
    this.#dispose();
  }

  #install(): () => void {
    const { capi, wasm } = this.#sqlite.api;
    const { vtab } = this.#sqlite;
    const connect = (db: number, _aux: number, _argc: number, argv: number, ppVtab: number) =>
      this.#connect(db, this.#sqlite.text(Number(wasm.peekPtr(argv + 8))), ppVtab);
    const disconnect = (pointer: number) => {
      this.#tables.delete(pointer);
      vtab.xVtab.dispose(pointer);
      return capi.SQLITE_OK;
    };
    const methods = {
      xCreate: (...args: Parameters<typeof connect>) => connect(...args),
      xConnect: (...args: Parameters<typeof connect>) => connect(...args),
      xDisconnect: (pointer: number) => disconnect(pointer),
      xDestroy: (pointer: number) => disconnect(pointer),
      xBestIndex: (pointer: number, info: number) => this.#bestIndex(this.#table(pointer), info),
      xOpen: (pointer: number, ppCursor: number) => {
        const cursor = vtab.xCursor.create(ppCursor);
        this.#cursors.set(cursor.pointer, { table: this.#table(pointer), rows: [], at: 0 });
        return capi.SQLITE_OK;
      },
      xClose: (pointer: number) => {
        this.#cursors.delete(pointer);
        vtab.xCursor.dispose(pointer);
        return capi.SQLITE_OK;
      },
      xFilter: (pointer: number, plan: number, _name: number, argc: number, argv: number) =>
        this.#filter(pointer, plan, argc, argv),
      xNext: (pointer: number) => {
        this.#cursor(pointer).at++;
        return capi.SQLITE_OK;
      },
      xEof: (pointer: number) => {
        const { rows, at } = this.#cursor(pointer);
        return at >= rows.length ? 1 : 0;
      },
      xColumn: (pointer: number, context: number, column: number) =>
        this.#column(this.#cursor(pointer), context, column),
      xRowid: (pointer: number, out: number) => {
        const { rows, at } = this.#cursor(pointer);
        const rowid = integer(rows[at]?.get('rowid') ?? String(at));
        if (rowid === undefined) return capi.SQLITE_ERROR;
        wasm.poke64(out, rowid);
        return capi.SQLITE_OK;
      },
    };
    const xUpdate = (pointer: number, argc: number, argv: number, rowid: number) =>
      this.#update(pointer, argc, argv, rowid);
    const readOnly = vtab.setupModule({ methods, catchExceptions: true });
    const writable = vtab.setupModule({ methods: { ...methods, xUpdate }, catchExceptions: true });
    capi.sqlite3_create_module(this.#sqlite.db, READ_ONLY, readOnly, 0);
    capi.sqlite3_create_module(this.#sqlite.db, WRITABLE, writable, 0);
    return () => {
      readOnly.dispose();
      writable.dispose();
    };
  }

  #connect(db: number, name: ByteString, ppVtab: number): number {
    const { capi, wasm } = this.#sqlite.api;
    const { vtab } = this.#sqlite;
    const route = this.#routes.get(name);
    if (route === undefined) return capi.SQLITE_ERROR;
    const sql = this.#sqlite.allocate(declaration(route));
    const code = capi.sqlite3_declare_vtab(db, sql);
    wasm.dealloc(sql);
    if (code !== capi.SQLITE_OK) return code;
    const table = vtab.xVtab.create(ppVtab);
    this.#tables.set(table.pointer, { name, route, readAliases: new Set(), plans: new Map() });
    return capi.SQLITE_OK;
  }

  #bestIndex(table: Table, pointer: number): number {
    const { capi } = this.#sqlite.api;
    const { vtab } = this.#sqlite;
    const info = vtab.xIndexInfo(pointer);
    const columns = allColumns(table.route);
    const constraints: Constraint[] = [];
    let cost = 1000;
    for (let i = 0; i < info.$nConstraint; i++) {
      const { $iColumn: column, $op: op, $usable: usable } = info.nthConstraint(i);
      if (!usable || column < 0 || !isTaken(columns[column], op)) {
        cost += 10;
        continue;
      }
      constraints.push({ column, op });
      info.nthConstraintUsage(i).$argvIndex = constraints.length;
      cost /= 10;
    }
    if (!satisfiesRequired(table.route, constraints)) cost = 1e10;
    if (table.plans.size > 100) table.plans.clear();
    table.plans.set(++this.#plans, { constraints, columnsUsed: BigInt.asUintN(64, info.$colUsed) });
    info.$idxNum = this.#plans;
    info.$estimatedCost = cost;
    info.dispose();
    return capi.SQLITE_OK;
  }

  #filter(pointer: number, planNumber: number, argc: number, argv: number): number {
    const { capi, wasm } = this.#sqlite.api;
    const cursor = this.#cursor(pointer);
    const { name, route, readAliases, plans } = cursor.table;
    const plan = plans.get(planNumber);
    const vtab = this.#sqlite.vtab.xCursor.get(pointer).$pVtab;
    if (plan === undefined) return this.#fail(vtab, 'the plan of the statement is gone');
    const values = Array.from({ length: argc }, (_, i) =>
      this.#sqlite.text(this.#sqlite.raw.sqlite3_value_text(Number(wasm.peekPtr(argv + 4 * i)))),
    );
    if (!satisfiesRequired(route, plan.constraints)) {
      const message = `Table ${name} was queried without a required column in the WHERE clause`;
      this.#source.requiredMissing(message);
      return this.#fail(vtab, message);
    }
    const { constraints, columnsUsed } = plan;
    const question = contextText(route, constraints, values, columnsUsed, () => true);
    const shown = (alias: ByteString) => !readAliases.has(alias);
    const context = contextText(route, constraints, values, columnsUsed, shown);
    const answer = this.#source.scan(name, context, question);
    if (answer === 'pending') return capi.SQLITE_ABORT;
    if ('error' in answer) return this.#fail(vtab, answer.error);
    cursor.rows = answer.rows;
    cursor.at = 0;
    return capi.SQLITE_OK;
  }

  #update(pointer: number, argc: number, argv: number, rowidOut: number): number {
    const { capi, wasm } = this.#sqlite.api;
    const { name, route, readAliases } = this.#table(pointer);
    const types = allColumns(route).map(({ name: column, type }) => {
      const target = route.columnAliases.find((alias) => alias.name === column)?.target;
      const known = target !== undefined && readAliases.has(column);
      return known ? (route.columns.find((other) => other.name === target)?.type ?? type) : type;
    });
    const change = readChange(this.#sqlite, argc, argv);
    const request = writeRequest(change, types);
    if (request === undefined) return capi.SQLITE_MISMATCH;
    const answer = this.#source.write(name, request);
    if (answer === 'pending') return capi.SQLITE_ABORT;
    const outcome = writeOutcome(change, name, 'error' in answer ? [] : answer.rows);
    if (outcome.kind === 'success') {
      if (change.action === 'insert' && outcome.id !== undefined) wasm.poke64(rowidOut, outcome.id);
      return capi.SQLITE_OK;
    }
    if (outcome.message !== undefined) return this.#fail(pointer, outcome.message);
    return outcome.kind === 'constraint' ? capi.SQLITE_CONSTRAINT : capi.SQLITE_ERROR;
  }

  #column({ table, rows, at }: Cursor, context: number, index: number): number {
    const { capi } = this.#sqlite.api;
    const alias = table.route.columnAliases[index - table.route.columns.length];
    if (alias !== undefined) table.readAliases.add(alias.name);
    const own = table.route.columns[index];
    const column = own ?? table.route.columns.find(({ name }) => name === alias?.target);
    const value = column === undefined ? undefined : rows[at]?.get(column.name);
    this.#result(context, value, column?.type ?? 'UNKNOWN');
    return capi.SQLITE_OK;
  }

  #result(context: number, value: ByteString | undefined, type: ColumnType): void {
    const { capi, wasm } = this.#sqlite.api;
    if (value === undefined) {
      capi.sqlite3_result_null(context);
    } else if (type === 'TEXT' || type === 'BLOB' || type === 'UNKNOWN') {
      const text = this.#sqlite.allocate(value);
      this.#sqlite.raw.sqlite3_result_text(context, text, value.length, -1);
      wasm.dealloc(text);
    } else if (type === 'DOUBLE') {
      const number = double(value);
      if (number === undefined) capi.sqlite3_result_null(context);
      else capi.sqlite3_result_double(context, number);
    } else {
      const number = integer(value);
      if (number === undefined) capi.sqlite3_result_null(context);
      else capi.sqlite3_result_int64(context, number);
    }
  }

  /** Makes `message` the error of the statement. */
  #fail(pointer: number, message: ByteString): number {
    const { capi, wasm } = this.#sqlite.api;
    const { vtab } = this.#sqlite;
    const table = vtab.xVtab.get(pointer);
    wasm.dealloc(table.$zErrMsg);
    table.$zErrMsg = this.#sqlite.allocate(message);
    return capi.SQLITE_ERROR;
  }

  #table(pointer: number): Table {
    const table = this.#tables.get(pointer);
    if (table === undefined) throw new Error('no such virtual table');
    return table;
  }

  #cursor(pointer: number): Cursor {
    const cursor = this.#cursors.get(pointer);
    if (cursor === undefined) throw new Error('no such cursor');
    return cursor;
  }
}

/** The SQL that creates a table which was defined before. */
export function createTable(name: ByteString, isWritable: boolean): ByteString {
  return `CREATE VIRTUAL TABLE ${quoted(name)} USING ${isWritable ? WRITABLE : READ_ONLY}`;
}

/** A name for use in SQL. */
export function quoted(name: ByteString): ByteString {
  return `"${name.replaceAll('"', '""')}"`;
}
