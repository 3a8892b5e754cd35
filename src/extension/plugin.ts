/** The registries of osquery in which a plugin of an extension has an effect. */
export type RegistryName = 'config' | 'logger' | 'distributed' | 'table';

/** The request of one plugin call: values are bytes, views into the message, valid after the call as well. */
export type PluginRequest = ReadonlyMap<string, Buffer>;

/** One row of an answer. A string that came from `decodeText` goes out as the bytes that it came from. */
export type PluginRow = ReadonlyMap<string, string | Uint8Array>;

export interface PluginReply {
  /** 0 is success, everything else is a failure, except for a logger's `features`. */
  readonly code: number;
  readonly message: string;
  readonly rows: readonly PluginRow[];
}

/**
 * What osqueryd sees of a plugin: bytes in, rows out. Made by `configPlugin`, `loggerPlugin`, `distributedPlugin` and
 * `tablePlugin`, which are what you want.
 */
export interface Plugin {
  readonly registry: RegistryName;
  readonly name: string;
  /** What registration tells osqueryd about the plugin; empty except for tables. */
  readonly route: readonly PluginRow[];
  /** May throw; osqueryd is then told a status 1 with the error's message. */
  call(request: PluginRequest): PluginReply | Promise<PluginReply>;
}

export const ok: PluginReply = { code: 0, message: 'OK', rows: [] };

export function failure(message: string, code = 1): PluginReply {
  return { code, message, rows: [] };
}

/** Success with one row. */
export function oneRow(...entries: [string, string | Uint8Array][]): PluginReply {
  return { code: 0, message: 'OK', rows: [new Map(entries)] };
}

/** Also of a promise that is not Node's own. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
