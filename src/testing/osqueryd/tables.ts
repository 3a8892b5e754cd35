import {
  type ByteString,
  compareBytes,
  type HostTable,
  type QueryResult,
  readRoute,
  routeRows,
  rowText,
  type SqlEngine,
  type StatusSink,
} from './engine/index.ts';
import type { PluginCall } from './extension-calls.ts';
import type { TableSink } from './registry.ts';
import { failed, ok, type PluginReply, type Row, type Status, succeeded } from './status.ts';

/** Core's SQL with its own tables and those of extensions. */
export class Tables implements TableSink {
  readonly #engine: SqlEngine;
  readonly #call: (call: PluginCall) => Promise<PluginReply>;
  readonly #defaultIndex: () => boolean;
  readonly #log: StatusSink;
  /** Tables of extensions, and whether SQLite really has them. */
  readonly #external = new Map<ByteString, boolean>();
  readonly #own = new Map<ByteString, HostTable>();
  #running = 0;
  #connecting: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly engine: SqlEngine;
    call(call: PluginCall): Promise<PluginReply>;
    /** `--extensions_default_index`. */
    defaultIndex(): boolean;
    readonly log: StatusSink;
  }) {
    this.#engine = options.engine;
    this.#call = options.call;
    this.#defaultIndex = options.defaultIndex;
    this.#log = options.log;
  }

  /** Attaches a table of core itself. */
  attachOwn(name: ByteString, table: HostTable): void {
    this.#own.set(name, table);
    this.#engine.attachTable(name, table.route, () => ({ rows: table.rows() }));
  }

  /** What the plugin call `generate` answers for a table of core, hidden values included. */
  ownRows(name: ByteString): Row[] {
    return this.#own.get(name)?.rows() ?? [];
  }

  /** What the plugin call `columns` answers for a table of core. */
  ownRoute(name: ByteString): Row[] {
    const table = this.#own.get(name);
    return table === undefined ? [] : routeRows(table.route);
  }

  /** A table that SQLite cannot open is attached all the same as long as its route info has the right form. */
  attach(name: ByteString, rows: readonly Row[]): Status {
    if (rows.length === 0) return failed('Invalid route info');
    const wellFormed = rows.every((row) => row.get('id') !== 'column' || (row.has('type') && row.has('op')));
    const route =
      wellFormed && rows.every((row) => row.has('id')) ? readRoute(rows, this.#defaultIndex()) : undefined;
    if (route === undefined) this.#error(592, `Error creating virtual table: ${name} (1): SQLITE_ERROR`);
    if (route === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      this.#error(1151, `Error creating named virtual table: ${name} (1)`);
      return failed('SQLITE_ERROR');
    }
    const generate = async (item: ByteString, context: ByteString) => {
      const request = new Map([
        ['action', 'generate'],
        ['context', context],
      ]);
      const reply = await this.#call({ registry: 'table', item, request });
      return reply.code === 0 ? { rows: reply.rows } : { error: reply.message };
    };
    const write = (item: ByteString, request: Row) => this.#call({ registry: 'table', item, request });
    const error = this.#engine.attachTable(name, route, generate, write);
    this.#external.set(name, error === undefined && route.columns.every(({ type }) => type !== 'UNKNOWN'));
    return ok;
  }

  detach(name: ByteString): void {
    const isThere = this.#external.get(name);
    if (isThere === undefined) return;
    if (!isThere) this.#error(1167, `Error detaching table: ${name} (1)`);
    this.#external.delete(name);
    this.#engine.detachTable(name);
  }

  #error(line: number, message: ByteString): void {
    this.#log({ severity: 2, file: 'virtual_table.cpp', line, message });
  }

  /** `SqlEngine.query`, which core makes on a transient database while another query is running. */
  query(sql: ByteString): Promise<QueryResult> {
    return this.#onConnection(() => this.#engine.query(sql));
  }

  /** `SqlEngine.queryWithColumns`, which asks for a connection twice. */
  async queryWithColumns(sql: ByteString): Promise<QueryResult> {
    const described = await this.#onConnection(() => this.#engine.getQueryColumns(sql));
    if ('error' in described) return described;
    const result = await this.query(sql);
    return 'error' in result ? result : { ...result, columns: described.columns.map(([name]) => name) };
  }

  async queryReply(sql: ByteString): Promise<PluginReply> {
    const result = await this.query(sql);
    return 'error' in result ? failed(result.error) : succeeded(result.rows.map(rowText));
  }

  async columnsReply(sql: ByteString): Promise<PluginReply> {
    const result = await this.#onConnection(() => this.#engine.getQueryColumns(sql));
    if ('error' in result) return failed(result.error);
    return succeeded(result.columns.map(([name, type]) => new Map([[name, type]])));
  }

  /** A transient database asks every table of an extension for its columns, twice; one is made at a time. */
  async #onConnection<T>(run: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      if (this.#running > 1) {
        this.#connecting = this.#connecting.then(() => this.#askColumns());
        await this.#connecting;
      }
      return await run();
    } finally {
      this.#running -= 1;
    }
  }

  async #askColumns(): Promise<void> {
    for (const item of [...this.#external.keys()].sort(compareBytes)) {
      const call = { registry: 'table', item, request: new Map([['action', 'columns']]) };
      await this.#call(call);
      await this.#call(call);
    }
  }
}
