import {
  Extension_call_args,
  Extension_ping_args,
  Extension_ping_result,
  ExtensionManager_deregisterExtension_args,
  ExtensionManager_deregisterExtension_result,
  ExtensionManager_extensions_args,
  ExtensionManager_extensions_result,
  ExtensionManager_getQueryColumns_args,
  ExtensionManager_options_args,
  ExtensionManager_options_result,
  ExtensionManager_query_args,
  ExtensionManager_registerExtension_args,
  ExtensionManager_registerExtension_result,
  InternalExtensionInfo,
} from '#thrift';
import { type Clock, systemClock } from '../clock/index.ts';
import { CoreDatabase } from './core-database.ts';
import { ExtensionError } from './errors.ts';
import type { Plugin } from './plugin.ts';
import { type QueryRow, readMap, readObject, readResponse, type StatusAndRows } from './rows.ts';
import { thriftCall } from './thrift-call.ts';
import { type BinaryReader, encodeText, type ThriftStruct } from './wire/index.ts';

export interface ManagerOptions {
  /** How long a call may take, in milliseconds. Default 300,000, as osqueryd's own `--thrift_timeout`. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A flag of osqueryd, with its value of this moment. */
export interface OsqueryOption {
  readonly value: string;
  readonly defaultValue: string;
  /** `bool`, `int32`, `uint32`, `int64`, `uint64`, `double` or `string`. */
  readonly type: string;
}

export interface ExtensionInfo {
  readonly name: string;
  readonly version: string;
  readonly sdkVersion: string;
  readonly minSdkVersion: string;
}

export interface QueryColumn {
  readonly name: string;
  readonly type: 'TEXT' | 'INTEGER' | 'BIGINT' | 'UNSIGNED BIGINT' | 'DOUBLE' | 'BLOB' | 'UNKNOWN';
}

/** A request to a plugin of osqueryd: text or bytes by key. */
export type CoreRequest = Readonly<Record<string, string | Uint8Array>>;

const defaultTimeoutMs = 300_000;

/**
 * osqueryd as an extension sees it. Each call has a connection of its own.
 *
 * Do not wait for one of these calls inside `string`, `snapshot`, `status` or `event` of a logger plugin: osqueryd holds
 * locks then, and both would wait for each other.
 */
export class ExtensionManager {
  readonly socket: string;
  /** osqueryd's own database. */
  readonly database: CoreDatabase;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  /** @param socket the value of `--extensions_socket`. */
  constructor(socket: string, options: ManagerOptions = {}) {
    this.socket = socket;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#clock = options.clock ?? systemClock;
    this.database = new CoreDatabase(this);
  }

  /** Resolves when osqueryd answers. */
  async ping(options?: CallOptions): Promise<void> {
    const { success } = await this.#invoke(
      'ping',
      new Extension_ping_args(),
      read(Extension_ping_result),
      options,
    );
    if (success?.code === 1) throw new ExtensionError('refused', `ping: ${success.message}`);
  }

  /** The extensions that are registered, by uuid. */
  async extensions(options?: CallOptions): Promise<Map<number, ExtensionInfo>> {
    const args = new ExtensionManager_extensions_args();
    const { success } = await this.#invoke(
      'extensions',
      args,
      read(ExtensionManager_extensions_result),
      options,
    );
    return new Map(
      Array.from(success ?? [], ([uuid, info]) => [
        uuid,
        {
          name: info.name ?? '',
          version: info.version ?? '',
          sdkVersion: info.sdk_version ?? '',
          minSdkVersion: info.min_sdk_version ?? '',
        },
      ]),
    );
  }

  /**
   * osqueryd's flags by name, without the two dashes. Values are those of this moment: a configuration can change them.
   * Aliases (`config_tls_refresh`) and gflags' own (`flagfile`) are not among them.
   */
  async options(options?: CallOptions): Promise<Map<string, OsqueryOption>> {
    const args = new ExtensionManager_options_args();
    const { success } = await this.#invoke('options', args, read(ExtensionManager_options_result), options);
    return new Map(
      Array.from(success ?? [], ([name, option]) => [
        name,
        {
          value: option.value ?? '',
          defaultValue: option.default_value ?? '',
          type: option.type ?? 'string',
        },
      ]),
    );
  }

  /**
   * Runs SQL. NULL comes as the text of `--nullvalue` (empty by default), and values end at their first zero byte.
   * @throws {ExtensionError} `refused`, with SQLite's message.
   */
  async query<R extends QueryRow = QueryRow>(sql: string, options?: CallOptions): Promise<R[]> {
    const args = new ExtensionManager_query_args({ sql });
    const reply = await this.#invoke('query', args, (body) => readResponse(body, readObject), options);
    return okRows('query', reply) as R[];
  }

  /** The columns that SQL would return, in order. */
  async getQueryColumns(sql: string, options?: CallOptions): Promise<QueryColumn[]> {
    const args = new ExtensionManager_getQueryColumns_args({ sql });
    const reply = await this.#invoke(
      'getQueryColumns',
      args,
      (body) => readResponse(body, readObject),
      options,
    );
    return okRows('getQueryColumns', reply).flatMap((row) =>
      Object.entries(row).map(([name, type]) => ({ name, type: type as QueryColumn['type'] })),
    );
  }

  /**
   * Calls any plugin of osqueryd. An empty `item` is the active plugin of the registry. Never call a logger plugin that
   * is not in `--logger_plugin`: osqueryd crashes.
   * @throws {ExtensionError} `refused`, with the plugin's message.
   */
  async call(
    registry: string,
    item: string,
    request: CoreRequest,
    options?: CallOptions,
  ): Promise<Map<string, Buffer>[]> {
    const entries = Object.entries(request).map(([key, value]): [string, Uint8Array] => [
      key,
      typeof value === 'string' ? encodeText(value) : value,
    ]);
    const args = new Extension_call_args({ registry, item, request: new Map(entries) });
    const reply = await this.#invoke('call', args, (body) => readResponse(body, readMap), options);
    return okRows(`${registry}/${item}`, reply);
  }

  /**
   * Hands osqueryd a configuration under a source name, as if it had asked for it. Not from inside a plugin call.
   * @throws {ExtensionError} `refused`, when osqueryd cannot read it.
   */
  async updateConfig(source: string, json: string | Uint8Array, options?: CallOptions): Promise<void> {
    await this.call('config', 'update', { action: 'update', source, data: json }, options);
  }

  /** @internal Returns the uuid. @throws {ExtensionError} `taken` or `refused`. */
  async register(info: ExtensionInfo, plugins: readonly Plugin[], options?: CallOptions): Promise<number> {
    const args = new ExtensionManager_registerExtension_args({
      info: new InternalExtensionInfo({
        name: info.name,
        version: info.version,
        sdk_version: info.sdkVersion,
        min_sdk_version: info.minSdkVersion,
      }),
      registry: registryOf(plugins),
    });
    const result = read(ExtensionManager_registerExtension_result);
    const { success } = await this.#invoke('registerExtension', args, result, options);
    if (success?.code === 0) return success.uuid ?? 0;
    throw registrationError(info.name, success?.message ?? 'no reason given');
  }

  /** @internal */
  async deregister(uuid: number, options?: CallOptions): Promise<void> {
    const args = new ExtensionManager_deregisterExtension_args({ uuid });
    await this.#invoke(
      'deregisterExtension',
      args,
      read(ExtensionManager_deregisterExtension_result),
      options,
    );
  }

  #invoke<T>(
    method: string,
    args: Pick<ThriftStruct, 'write'>,
    readBody: (body: BinaryReader) => T,
    { timeoutMs = this.#timeoutMs, signal }: CallOptions = {},
  ): Promise<T> {
    return thriftCall({
      path: this.socket,
      method,
      args,
      read: readBody,
      clock: this.#clock,
      timeoutMs,
      signal,
    });
  }
}

function read<S extends ThriftStruct>(Struct: new () => S): (body: BinaryReader) => S {
  return (body) => {
    const struct = new Struct();
    struct.read(body);
    return struct;
  };
}

function okRows<R>(what: string, { code, message, rows }: StatusAndRows<R>): R[] {
  if (code !== 0) throw new ExtensionError('refused', `${what}: ${message}`);
  return rows;
}

/** Says what to do about osqueryd's message. */
function registrationError(name: string, message: string): ExtensionError {
  if (message.startsWith('Duplicate extension registered')) {
    const advice = 'end it, or load only one of this name';
    return new ExtensionError('taken', `an extension called ${name} is registered already: ${advice}`);
  }
  // The second form is that of osquery up to 5.11.
  const [, item] =
    /Registry item (.*) conflicts with another item|Duplicate registry item: (.*)/s
      .exec(message)
      ?.filter((group) => group !== undefined) ?? [];
  if (item !== undefined) {
    const advice = 'end that extension, or choose another name';
    const owner = 'belongs to osqueryd itself or to another extension';
    return new ExtensionError('taken', `the plugin name ${item} ${owner}: ${advice}`);
  }
  return new ExtensionError('refused', `osqueryd refuses the registration of ${name}: ${message}`);
}

function registryOf(plugins: readonly Plugin[]): Map<string, Map<string, Map<string, Uint8Array>[]>> {
  const registry = new Map<string, Map<string, Map<string, Uint8Array>[]>>();
  for (const plugin of plugins) {
    const routes = registry.get(plugin.registry) ?? new Map<string, Map<string, Uint8Array>[]>();
    routes.set(
      plugin.name,
      plugin.route.map(
        (row) =>
          new Map(
            Array.from(row, ([key, value]) => [key, typeof value === 'string' ? encodeText(value) : value]),
          ),
      ),
    );
    registry.set(plugin.registry, routes);
  }
  return registry;
}
