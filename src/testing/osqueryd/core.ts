import type { Clock } from '../../clock/index.ts';
import { ConfigLoader } from './config-loop.ts';
import { coreState, type StateParts } from './core-state.ts';
import type { Database } from './database.ts';
import {
  type ByteString,
  Config,
  DistributedRunner,
  fromBytes,
  hostTables,
  SqlEngine,
  splayedInterval,
  toBytes,
} from './engine/index.ts';
import { EventTables } from './event-tables.ts';
import type { EventSink } from './events.ts';
import type { CallSettings } from './extension-calls.ts';
import type { ExtensionConnection } from './extension-connection.ts';
import { Flags } from './flags.ts';
import { HostIdentifier } from './host-identifier.ts';
import { filesystemLogger, type LocalLogger, stdoutLogger } from './local-loggers.ts';
import { localPlugins } from './local-plugins.ts';
import { Loggers } from './loggers.ts';
import type { Manager } from './manager.ts';
import { PluginCalls } from './plugin-calls.ts';
import { Registry } from './registry.ts';
import type { PluginReply, Row, Status } from './status.ts';
import { StatusLog } from './status-log.ts';
import { Tables } from './tables.ts';

/** What outlives a worker, and what it lives in. */
export interface CoreOptions {
  readonly argv: readonly string[];
  /** Whether to be a build with assertions. */
  readonly assertions: boolean;
  readonly clock: Clock;
  readonly database: Database;
  /** From 0 to below 1, for splay. */
  readonly random: () => number;
  /** Ids for extensions, 1 to 65535. */
  readonly issueUuid: () => number;
  readonly emit: EventSink;
  /** Where the `stdout` logger writes. */
  readonly print: (line: string | Uint8Array) => void;
  readonly pid: number;
  readonly version: string;
  /** A call that osqueryd does not survive was made. */
  readonly crash: () => void;
}

/** The parts of one worker, put together; `Worker` brings them to life. */
export class Core implements Manager {
  readonly flags: Flags;
  readonly clock: Clock;
  readonly statusLog: StatusLog;
  readonly identifier: HostIdentifier;
  readonly registry: Registry;
  readonly plugins: PluginCalls;
  readonly tables: Tables;
  readonly config: Config;
  readonly loader: ConfigLoader;
  readonly loggers: Loggers;
  readonly distributed: DistributedRunner;
  readonly events: EventTables;
  readonly connections = new Set<ExtensionConnection>();
  readonly localLoggers: ReadonlyMap<string, LocalLogger>;
  readonly #database: Database;
  readonly #version: string;
  readonly #emit: EventSink;
  readonly #engine: SqlEngine;

  static async open(options: CoreOptions): Promise<Core> {
    const late: { core?: Core } = {};
    const engine = await SqlEngine.open({
      status: (event) => late.core?.statusLog.sink(event),
      nullValue: () => toBytes(late.core?.flags.text('nullvalue') ?? ''),
    });
    late.core = new Core(options, engine);
    return late.core;
  }

  private constructor(options: CoreOptions, engine: SqlEngine) {
    const { clock, database, emit } = options;
    const flags = new Flags(options.argv, options.assertions);
    this.flags = flags;
    this.clock = clock;
    this.#database = database;
    this.#version = options.version;
    this.#emit = emit;
    this.#engine = engine;
    this.statusLog = new StatusLog({
      clock,
      print: (text) => emit({ kind: 'log', text }),
      minimum: () => flags.number('logger_min_status'),
      verbose: () => flags.bool('verbose'),
    });
    const log = this.statusLog.sink;
    this.identifier = new HostIdentifier(flags, database, log);
    this.tables = new Tables({
      engine,
      call: (call) => this.call(call),
      defaultIndex: () => flags.bool('extensions_default_index'),
      log,
    });
    this.registry = new Registry(this.tables, log, options.issueUuid);
    this.localLoggers = new Map([
      ['stdout', stdoutLogger(options.print)],
      ['filesystem', filesystemLogger(flags.text('logger_path'))],
    ]);
    this.plugins = new PluginCalls({
      registry: this.registry,
      local: localPlugins(this, database, options.crash),
      settings: () => this.settings(),
      socketPath: (uuid) => this.socketPath(uuid),
      log,
      emit,
    });
    this.plugins.setActive('database', 'rocksdb');
    this.loggers = new Loggers(
      (item, request) => this.plugins.call({ registry: 'logger', item, request }),
      this.statusLog,
      () => this.identifier.value(),
    );
    this.config = this.#newConfig(options.random);
    this.loader = new ConfigLoader({
      clock,
      flags,
      config: this.config,
      call: (request) => this.plugins.call({ registry: 'config', item: '', request }),
    });
    this.distributed = new DistributedRunner({
      clock,
      store: {
        get: (domain, key) => database.get(domain, key),
        put: (domain, key, value) => database.put(domain, key, value),
        remove: (domain, key) => database.remove(domain, key),
        keys: (domain) => database.scan(domain, ''),
      },
      status: log,
      query: (sql) => this.tables.queryWithColumns(sql),
      denylistDuration: () => flags.number('distributed_denylist_duration'),
      logInfo: () => flags.bool('distributed_loginfo'),
    });
    const startTime = Math.floor(clock.now() / 1000);
    this.events = new EventTables(database);
    const own = hostTables(
      coreState({ ...this.#stateParts(), pid: options.pid, version: options.version, startTime }),
    );
    for (const [name, table] of [...own, ['file_events', this.events.table] as const]) {
      this.tables.attachOwn(name, table);
      this.registry.addOwn('table', name);
    }
  }

  settings(): CallSettings {
    const timeoutMs = this.flags.number('thrift_timeout') * 1000;
    return { clock: this.clock, timeoutMs, open: this.connections };
  }

  get managerPath(): string {
    return this.flags.text('extensions_socket');
  }

  socketPath(uuid: number): string {
    return `${this.managerPath}.${uuid}`;
  }

  options() {
    return this.flags.options();
  }

  registered(name: ByteString, uuid: number, { code, message }: Status): void {
    this.#emit({ kind: 'registered', name: fromBytes(name), uuid, status: { code, message } });
  }

  call(call: Parameters<PluginCalls['call']>[0]): Promise<PluginReply> {
    return this.plugins.call(call);
  }

  query(sql: ByteString): Promise<PluginReply> {
    return this.tables.queryReply(sql);
  }

  queryColumns(sql: ByteString): Promise<PluginReply> {
    return this.tables.columnsReply(sql);
  }

  #stateParts(): Omit<StateParts, 'pid' | 'version' | 'startTime'> {
    const { clock, flags, config, loader, registry, plugins, identifier, managerPath } = this;
    const socketPath = (uuid: number) => this.socketPath(uuid);
    return { clock, flags, config, loader, registry, plugins, identifier, managerPath, socketPath };
  }

  /** An event happened: it is kept for `file_events` and handed to loggers that want events. */
  publishEvent(values: Row): Promise<void> {
    const event = this.events.publish(values, Math.floor(this.clock.now() / 1000));
    return this.loggers.forwardEvent(event);
  }

  /** Leaves nothing behind that would keep the process alive. */
  close(): void {
    for (const connection of this.connections) connection.close();
    this.#database.flush();
  }

  /** Gives up SQLite's memory; nothing may query any more. */
  closeEngine(): void {
    this.#engine.close();
  }

  #newConfig(random: () => number): Config {
    const { flags } = this;
    const splays = {
      get: (name: ByteString) => this.#database.get('configurations', `interval.${name}`),
      set: (name: ByteString, content: ByteString) =>
        this.#database.put('configurations', `interval.${name}`, content),
    };
    return new Config({
      status: this.statusLog.sink,
      genPack: async (name, value) => {
        const request = new Map([
          ['action', 'genPack'],
          ['name', name],
          ['value', value],
        ]);
        const reply = await this.plugins.call({ registry: 'config', item: '', request });
        return reply.rows[0]?.get(name);
      },
      setOption: (name, value) => flags.setByConfig(name, value),
      query: (sql) => this.tables.queryWithColumns(sql),
      packContext: () => ({
        defaultInterval: flags.number('schedule_default_interval'),
        platform: 'linux',
        version: this.#version,
        splay: (name, interval) =>
          splayedInterval(name, interval, flags.number('schedule_splay_percent'), splays, random),
      }),
      packDelimiter: () => toBytes(flags.text('pack_delimiter')),
      decoratorsDisabled: () => flags.bool('disable_decorators'),
      activeLoggers: () => this.loggers.names,
      now: () => Math.floor(this.clock.now() / 1000),
      packRefreshInterval: () => flags.number('pack_refresh_interval'),
    });
  }
}
