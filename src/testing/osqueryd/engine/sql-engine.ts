import { forbidLoadExtension, installAuthorizer } from './authorizer.ts';
import { type ByteString, untilNul } from './bytes.ts';
import { inferTypes } from './column-types.ts';
import type { ColumnType, Route } from './route.ts';
import type { Row } from './row.ts';
import { Sqlite } from './sqlite.ts';
import { columnNames, declaredTypes, readRow, withStatement } from './statement.ts';
import { StatementAnswers } from './statement-answers.ts';
import type { StatusSink } from './status-line.ts';
import type { WriteRequest } from './table-write.ts';
import { createTable, quoted, type ScanAnswer, type TableRow, VirtualTables } from './virtual-tables.ts';

export type { TableRow } from './virtual-tables.ts';

/** Rows and the names of the first statement's columns, or core's error text. */
export type QueryResult =
  | { readonly rows: Row[]; readonly columns: readonly ByteString[] }
  | { readonly error: ByteString };

/** Columns with their types, or core's error text. */
export type ColumnsResult =
  | { readonly columns: ReadonlyArray<readonly [ByteString, ColumnType]> }
  | { readonly error: ByteString };

/** The rows of one scan, or the message with which the statement fails. */
export type Generated = { readonly rows: readonly TableRow[] } | { readonly error: ByteString };

/**
 * Makes the rows of a table. `context` is the JSON text of the `generate` request. Tables inside this process answer
 * at once, those of extensions later.
 */
export type Generate = (table: ByteString, context: ByteString) => Generated | Promise<Generated>;

/** Changes a row of a table. Core looks at the rows of the answer only; a call that failed altogether has none. */
export type Write = (
  table: ByteString,
  request: WriteRequest,
) => Promise<{ readonly rows: readonly TableRow[] }>;

interface Attached {
  readonly route: Route;
  readonly generate: Generate;
  readonly write: Write | undefined;
}

/**
 * The SQL of core: SQLite with osquery's tables, authorizer and error texts. Text goes in and out as bytes
 * (`ByteString`).
 *
 * SQLite asks for the rows of a table in the midst of a statement and cannot wait. A statement that needs rows from an
 * extension is given up, the rows are fetched, and it runs again from the start with them, as often as new rows are
 * needed. Each statement has its own rows; every scan that SQLite makes is one `generate`.
 */
export class SqlEngine {
  readonly #sqlite: Sqlite;
  readonly #tables: VirtualTables;
  readonly #status: StatusSink;
  readonly #nullValue: () => ByteString;
  readonly #generate: Generate;
  readonly #attached = new Map<ByteString, Attached>();
  readonly #broken = new Set<ByteString>();
  #answers: StatementAnswers | undefined;

  private constructor(sqlite: Sqlite, options: SqlEngineOptions) {
    this.#sqlite = sqlite;
    this.#status = options.status ?? (() => undefined);
    this.#nullValue = options.nullValue ?? (() => '');
    this.#generate = options.generate ?? (() => ({ error: 'no such table' }));
    this.#tables = new VirtualTables(sqlite, {
      scan: (table, context, question) =>
        this.#answer(table, question, () => this.#generateOf(table)(table, context)),
      write: (table, request) => {
        const write = this.#attached.get(table)?.write;
        const ask = () => write?.(table, request) ?? { rows: [] };
        return this.#answer(table, JSON.stringify([...request]), ask);
      },
      requiredMissing: (message) =>
        this.#status({ severity: 1, file: 'virtual_table.cpp', line: 1012, message }),
    });
    forbidLoadExtension(sqlite);
    installAuthorizer(sqlite, this.#status);
  }

  static async open(options: SqlEngineOptions = {}): Promise<SqlEngine> {
    return new SqlEngine(await Sqlite.open(), options);
  }

  /**
   * Attaches a table; one of the same name is detached first.
   * @param generate default: the engine's.
   * @param write what changes rows; without it the table cannot be written.
   * @returns the reason why SQLite cannot open the table, undefined when it is there. Core registers such a table all
   * the same, and every query over it fails with `vtable constructor failed`.
   */
  attachTable(
    name: ByteString,
    route: Route,
    generate: Generate = this.#generate,
    write?: Write,
  ): ByteString | undefined {
    this.detachTable(name);
    this.#tables.define(name, route);
    const error = this.#execute(createTable(name, write !== undefined));
    if (error !== undefined) {
      this.#tables.forget(name);
      this.#broken.add(name);
      return error;
    }
    this.#attached.set(name, { route, generate, write });
    for (const alias of route.aliases) {
      this.#execute(`CREATE VIEW ${quoted(alias)} AS SELECT * FROM ${quoted(name)}`);
    }
    return undefined;
  }

  /** Takes a table away; nothing happens when it is not there. */
  detachTable(name: ByteString): void {
    this.#broken.delete(name);
    const table = this.#attached.get(name);
    if (table === undefined) return;
    for (const alias of table.route.aliases) this.#execute(`DROP VIEW IF EXISTS ${quoted(alias)}`);
    this.#execute(`DROP TABLE IF EXISTS ${quoted(name)}`);
    this.#attached.delete(name);
    this.#tables.forget(name);
  }

  /** Attached tables with their routes. */
  tables(): ReadonlyMap<ByteString, Route> {
    return new Map([...this.#attached].map(([name, { route }]) => [name, route]));
  }

  /** Runs all statements of `sql` and appends their rows, as the Thrift call `query` and the schedule do. */
  async query(sql: ByteString): Promise<QueryResult> {
    const rows: Row[] = [];
    let columns: readonly ByteString[] | undefined;
    for (let rest = untilNul(sql); rest !== ''; ) {
      const done = await this.#runFirst(rest);
      if ('error' in done) return done;
      rows.push(...done.rows);
      columns ??= done.columns;
      rest = done.rest;
    }
    return { rows, columns: columns ?? [] };
  }

  /** As `query`, but finds the columns out first, as distributed, discovery and decorator queries do. */
  async queryWithColumns(sql: ByteString): Promise<QueryResult> {
    const described = await this.getQueryColumns(sql);
    if ('error' in described) return described;
    const result = await this.query(sql);
    return 'error' in result ? result : { ...result, columns: described.columns.map(([name]) => name) };
  }

  /** Names and types of the columns of the first statement; types of expressions are inferred as core does. */
  async getQueryColumns(sql: ByteString): Promise<ColumnsResult> {
    const described = withStatement(this.#sqlite, untilNul(sql), ({ pointer }) =>
      pointer === 0
        ? ({ error: 'not an error' } as const)
        : {
            names: columnNames(this.#sqlite, pointer),
            types: declaredTypes(this.#sqlite, pointer),
          },
    );
    if (described.error !== undefined) return { error: described.error };
    const { names, types } = described;
    if (types.includes('UNKNOWN')) {
      const program = await this.query(`EXPLAIN ${sql}`);
      const inferred = 'error' in program ? types : inferTypes(program.rows, types);
      if (inferred === undefined) {
        const message = 'sql registry sql plugin caused exception: map::at';
        this.#status({ severity: 2, file: 'registry_factory.cpp', line: 188, message });
        return { error: 'map::at' };
      }
      return { columns: names.map((name, i) => [name, inferred[i] ?? 'UNKNOWN']) };
    }
    return { columns: names.map((name, i) => [name, types[i] ?? 'UNKNOWN']) };
  }

  close(): void {
    this.#sqlite.close();
    this.#tables.close();
  }

  #generateOf(table: ByteString): Generate {
    return this.#attached.get(table)?.generate ?? this.#generate;
  }

  #answer(table: ByteString, question: ByteString, ask: () => Generated | Promise<Generated>): ScanAnswer {
    const running = this.#answers;
    if (running === undefined) return { error: 'no statement is running' };
    return running.answer(`${table}\0${question}`, ask);
  }

  async #runFirst(sql: ByteString): Promise<Ran> {
    const answers = new StatementAnswers();
    for (;;) {
      const ran = this.#attempt(sql, answers);
      if (ran !== 'pending') return ran;
      await answers.fetch();
    }
  }

  /** One run of the first statement, up to its end, an error, or a scan whose rows are not there yet. */
  #attempt(sql: ByteString, answers: StatementAnswers): Ran | 'pending' {
    const { capi } = this.#sqlite.api;
    this.#answers = answers;
    answers.restart();
    const ran = withStatement(this.#sqlite, sql, ({ pointer, rest }): Ran | 'pending' => {
      if (pointer === 0) return { rows: [], columns: undefined, rest };
      const names = columnNames(this.#sqlite, pointer);
      const rows: Row[] = [];
      for (;;) {
        const code = capi.sqlite3_step(pointer);
        if (code === capi.SQLITE_DONE) return { rows, columns: names, rest };
        if (code !== capi.SQLITE_ROW)
          return answers.isPending ? 'pending' : { error: this.#sqlite.errorText() };
        rows.push(readRow(this.#sqlite, pointer, names, this.#nullValue()));
      }
    });
    this.#answers = undefined;
    return ran !== 'pending' && 'error' in ran ? { error: this.#asCoreSays(ran.error) } : ran;
  }

  #asCoreSays(error: ByteString): ByteString {
    const missing = /^no such table: (.*)$/.exec(error)?.[1];
    return missing !== undefined && this.#broken.has(missing)
      ? `vtable constructor failed: ${missing}`
      : error;
  }

  #execute(sql: ByteString): ByteString | undefined {
    const { capi } = this.#sqlite.api;
    const done = withStatement(this.#sqlite, sql, ({ pointer }) => {
      const code = capi.sqlite3_step(pointer);
      return code === capi.SQLITE_DONE ? undefined : { error: this.#sqlite.errorText() };
    });
    return done?.error;
  }
}

/** What the engine takes from core. */
export interface SqlEngineOptions {
  /** Rows of tables that are attached without a generator of their own. */
  readonly generate?: Generate;
  /** What core logs on the way; default: nobody listens. */
  readonly status?: StatusSink;
  /** `--nullvalue`, default empty. */
  readonly nullValue?: () => ByteString;
}

type Ran =
  | { readonly rows: Row[]; readonly columns: readonly ByteString[] | undefined; readonly rest: ByteString }
  | { readonly error: ByteString };
