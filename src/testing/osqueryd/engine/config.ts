import { createHash } from 'node:crypto';
import { type ByteString, compareBytes } from './bytes.ts';
import { applyOptions, type OptionSetter } from './config-options.ts';
import { MAX_CONFIG_BYTES, readConfig, stripComments } from './config-text.ts';
import { DecoratorSet } from './decorators.ts';
import { isArray, isObject, type JsonObject, type JsonValue, member, readJson } from './json-reader.ts';
import { type Pack, type PackContext, readPack, type ScheduledQuery, scheduledName } from './pack.ts';
import type { QueryResult } from './sql-engine.ts';
import type { StatusEvent, StatusSink } from './status-line.ts';

/** What the configuration needs from core. */
export interface ConfigHost {
  readonly status: StatusSink;
  /**
   * Asks the config plugin for a pack (`genPack`). undefined: the answer has no entry of that name. The status of the
   * answer does not matter.
   */
  genPack(name: ByteString, value: ByteString): Promise<ByteString | undefined>;
  /** Sets a flag to a value from `options`. */
  readonly setOption: OptionSetter;
  query(sql: ByteString): Promise<QueryResult>;
  /** Flags may change with the config itself, so this is read when it is needed. */
  packContext(): Omit<PackContext, 'status'>;
  /** `--pack_delimiter`, default `_`. */
  packDelimiter(): ByteString;
  /** `--disable_decorators`, default false. */
  decoratorsDisabled(): boolean;
  /** Active logger plugins; none before loggers are set up. */
  activeLoggers(): readonly ByteString[];
  /** Unix time in seconds. */
  now(): number;
  /** `--pack_refresh_interval` in seconds, default 3600. */
  packRefreshInterval(): number;
  /** Largest source in bytes, default `MAX_CONFIG_BYTES`. */
  readonly maxBytes?: number;
}

/** Status of an update: code 0, or 1 with core's message. */
export interface ConfigStatus {
  readonly code: 0 | 1;
  readonly message: ByteString;
}

/** A pack and what its discovery queries said. */
export interface ScheduledPack extends Pack {
  readonly discoveryExecutions: number;
  readonly active: boolean;
}

interface Held {
  readonly pack: Pack;
  discoveryExecutions: number;
  active: boolean;
  checkedAt: number | undefined;
}

/** Top-level keys that core reads as objects or arrays, in the order in which it does. */
const PARSED_KEYS = [
  'options',
  'auto_table_construction',
  'decorators',
  'events',
  'feature_vectors',
  'file_paths',
  'file_paths_query',
  'file_accesses',
  'exclude_paths',
  'kafka_topics',
  'logger',
  'prometheus_targets',
  'views',
  'yara',
];

/**
 * The configuration of core: sources with their hashes, packs and schedule, options, decorators. It never fails as a
 * whole: a bad source stops the update, and what was applied before stays (E.2 of the protocol).
 */
export class Config {
  readonly decorators: DecoratorSet;
  readonly #host: ConfigHost;
  readonly #hashes = new Map<ByteString, string>();
  readonly #options = new Map<ByteString, JsonValue>();
  readonly #lastSql = new Map<ByteString, ByteString>();
  #packs: Held[] = [];

  constructor(host: ConfigHost) {
    this.#host = host;
    this.decorators = new DecoratorSet((sql) => host.query(sql), host.status);
  }

  /**
   * Applies sources, in byte order of their names. A source whose text is unchanged is skipped; a source that is not
   * named keeps what it brought. The first bad text stops the update, after it has emptied its own source.
   */
  async update(sources: ReadonlyMap<ByteString, ByteString>): Promise<ConfigStatus> {
    let changed = false;
    for (const [source, text] of [...sources].sort(([a], [b]) => compareBytes(a, b))) {
      const hash = createHash('sha1').update(Buffer.from(text, 'latin1')).digest('hex');
      if (this.#hashes.get(source) === hash) continue;
      this.#hashes.set(source, hash);
      const error = await this.#updateSource(source, text);
      if (error !== undefined) {
        const message = `updateSource failed to parse config, of source: ${source} and content: ${text}`;
        this.#log(2, 'config.cpp', 968, message);
        return { code: 1, message: error };
      }
      changed = true;
    }
    for (const logger of changed ? this.#host.activeLoggers() : []) {
      this.#log(0, 'config.cpp', 997, `Calling configure for logger ${logger}`);
    }
    return { code: 0, message: 'OK' };
  }

  /** `osquery_info.config_hash`: SHA-1 over the hashes of all sources; empty before the first one. */
  hash(): string {
    if (this.#hashes.size === 0) return '';
    const all = [...this.#hashes].sort(([a], [b]) => compareBytes(a, b)).map(([, hash]) => hash);
    return createHash('sha1').update(all.join('')).digest('hex');
  }

  /** All packs in the order of loading, `main` (one per source) included. */
  packs(): ScheduledPack[] {
    return this.#packs.map(({ pack, discoveryExecutions, active }) => ({
      ...pack,
      discoveryExecutions,
      active,
    }));
  }

  /**
   * The queries of active packs under their full names, in the order in which the scheduler walks them. Discovery
   * queries run when they never did or `--pack_refresh_interval` ago.
   */
  async schedule(): Promise<ScheduledQuery[]> {
    for (const held of this.#packs) await this.#discover(held);
    const delimiter = this.#host.packDelimiter();
    return this.#packs
      .filter(({ active }) => active)
      .flatMap(({ pack }) =>
        pack.queries.map((query) => ({ ...query, name: scheduledName(pack.name, query.name, delimiter) })),
      );
  }

  async #updateSource(source: ByteString, text: ByteString): Promise<ByteString | undefined> {
    this.#packs = this.#packs.filter(({ pack }) => pack.source !== source);
    const read = readConfig(text, this.#host.maxBytes ?? MAX_CONFIG_BYTES);
    if ('error' in read) return read.error;
    const schedule = member(read.config, 'schedule');
    if (isObject(schedule)) {
      this.#addPack('main', source, { kind: 'object', members: [['queries', schedule]] });
    }
    const packs = member(read.config, 'packs');
    for (const [name, pack] of isObject(packs) ? packs.members : []) {
      if (isObject(pack)) this.#addPack(name, source, pack);
      else if (typeof pack === 'string') await this.#genPack(name, source, pack);
    }
    await this.#applyParsers(source, read.config);
    return undefined;
  }

  async #genPack(name: ByteString, source: ByteString, value: ByteString): Promise<void> {
    const text = await this.#host.genPack(name, value);
    if (text === undefined) return;
    if (text === '') {
      this.#log(1, 'config.cpp', 854, `Error reading the query pack named: ${name}`);
      return;
    }
    const pack = readJson(stripComments(text));
    if (isObject(pack)) this.#addPack(name, source, pack);
    else this.#log(1, 'config.cpp', 861, `Error parsing the "${name}" pack JSON`);
  }

  /** `*` stands for several packs in one object. */
  #addPack(name: ByteString, source: ByteString, object: JsonObject): void {
    if (name === '*') {
      for (const [one, pack] of object.members) if (isObject(pack)) this.#addOnePack(one, source, pack);
    } else {
      this.#addOnePack(name, source, object);
    }
  }

  #addOnePack(name: ByteString, source: ByteString, object: JsonObject): void {
    const context = { ...this.#host.packContext(), status: this.#host.status };
    const pack = readPack(name, source, object, context);
    this.#packs.push({ pack, discoveryExecutions: 0, active: false, checkedAt: undefined });
    for (const query of pack.queries) {
      // Under its plain names: the delimiter of full names may change with the same config.
      const key = `${name}\0${query.name}`;
      const last = this.#lastSql.get(key);
      this.#lastSql.set(key, query.query);
      if (last === undefined || last === query.query) continue;
      const full = scheduledName(name, query.name, this.#host.packDelimiter());
      this.#log(0, 'config.cpp', 828, `Clearing performance stats for query: ${full}`);
    }
  }

  async #applyParsers(source: ByteString, config: JsonObject): Promise<void> {
    const parsed = new Map<string, JsonValue>();
    for (const key of PARSED_KEYS) {
      const value = member(config, key);
      if (value === undefined || value === null) continue;
      if (isObject(value) || isArray(value)) parsed.set(key, value);
      else this.#log(1, 'config.cpp', 884, `Error config ${key} should be an array or object`);
      if (key === 'options') applyOptions(parsed.get(key), this.#options, this.#host);
    }
    const decorators = this.#host.decoratorsDisabled() ? undefined : parsed.get('decorators');
    await this.decorators.update(source, decorators);
  }

  async #discover(held: Held): Promise<void> {
    const now = this.#host.now();
    const fresh = held.checkedAt !== undefined && now - held.checkedAt < this.#host.packRefreshInterval();
    if (fresh) return;
    held.checkedAt = now;
    held.discoveryExecutions++;
    held.active = true;
    for (const sql of held.pack.discovery) {
      const result = await this.#host.query(sql);
      if (!('error' in result) && result.rows.length > 0) continue;
      held.active = false;
      break;
    }
  }

  #log(severity: StatusEvent['severity'], file: string, line: number, message: ByteString): void {
    this.#host.status({ severity, file, line, message });
  }
}
