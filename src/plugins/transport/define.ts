import type { LineHook } from './line-hook.ts';
import type { AttemptMiddleware, Middleware } from './middleware.ts';

/**
 * Your own code between osqueryd and the server: the default export of the module that `OSQUERY_REMOTE_TRANSPORT` names.
 * It runs in a thread of its own. Whatever it does there (throw, hang, spin, exit, run out of memory), osqueryd goes on,
 * the thread is started again, and the calls that were under way count as failed attempts. Only a crash in native code
 * takes the process with it. Keep nothing in it that must outlive the thread.
 *
 * A text that is thrown may show up in logs and tables. Node key, enroll secret and the values of headers that were
 * added are taken out of it; other secrets of yours are not.
 */
export interface TransportModule extends Middleware {
  /**
   * Sends a request in place of HTTPS, inside of all middleware. `https` is what it replaces, for the requests that it
   * leaves alone. What an answer means stays the same: status first, then the body. May answer with what `fetch` gave.
   */
  readonly send?: AttemptMiddleware;
  /** The enroll secret, from a keychain or a metadata service, in place of osquery's flags. Asked at every use. */
  secret?(): string | Promise<string>;
  /** Keeps the node key, in place of a file. */
  readonly nodeKey?: NodeKeyStore;
  /** What of each result line, snapshot and status line leaves the host. */
  readonly line?: LineHook;
}

/** A place for the node key. Both may be called again for the same key, and have 16 s. */
export interface NodeKeyStore {
  /** The stored key; empty or undefined if there is none. */
  load(): string | undefined | Promise<string | undefined>;
  /** Stores a new key. An empty one means that the stored key is not to be used any more. */
  store(nodeKey: string): unknown;
}

/**
 * Gives a transport module its types; returns it as it is.
 *
 *     export default defineTransport({
 *       attempt(request, next) {
 *         request.headers.set('X-Site', 'berlin');
 *         return next(request);
 *       },
 *     });
 */
export function defineTransport(module: TransportModule): TransportModule {
  return module;
}

/** What a transport module may export by default, for those who write JavaScript. @throws {TypeError} with the reason */
export function checkModule(value: unknown): TransportModule {
  if (value === undefined)
    throw new TypeError('it has no default export: export default defineTransport({ … })');
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(
      `its default export is ${value === null ? 'null' : `a ${typeof value}`}, not an object`,
    );
  }
  for (const [name, member] of Object.entries(value)) {
    const wants = members.get(name);
    if (wants === undefined) {
      throw new TypeError(
        `its default export has an unknown member ${name}: there are ${[...members.keys()].join(', ')}`,
      );
    }
    if (member !== undefined && !wants.is(member)) throw new TypeError(`${name} must be ${wants.what}`);
  }
  return value;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const aFunction = { is: isFunction, what: 'a function' };
const layers = {
  is: (value: unknown) => [value].flat().every((layer) => isFunction(layer) || isEndpointMap(layer)),
  what: 'a function, an object with a function per endpoint, or a list of these',
};
const members = new Map<string, { is(value: unknown): boolean; what: string }>([
  ['call', layers],
  ['attempt', layers],
  ['send', aFunction],
  ['secret', aFunction],
  [
    'nodeKey',
    {
      is: (value) => isRecord(value) && isFunction(value['load']) && isFunction(value['store']),
      what: 'an object with the functions load and store',
    },
  ],
  ['line', aFunction],
]);

const endpoints = new Set(['enroll', 'config', 'log', 'distributed_read', 'distributed_write']);

function isEndpointMap(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.entries(value).every(
      ([name, member]) => endpoints.has(name) && (member === undefined || isFunction(member)),
    )
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
