import { toReply } from './answer.ts';
import type { Around, Hide } from './around.ts';
import { checkCallReply } from './call-reply.ts';
import type { TransportModule } from './define.ts';
import { RemoteError } from './error.ts';
import type { HeaderList } from './headers.ts';
import type { HttpRequest } from './http-request.ts';
import { type AttemptRequest, attemptLayer, type CallRequest, callLayer, compose } from './middleware.ts';
import { RequestHeaders } from './request-headers.ts';

/** A transport module in the places where it belongs. */
export function aroundOf(module: TransportModule): Around {
  const callLayers = [module.call ?? []].flat().map(callLayer);
  const attemptLayers = [module.attempt ?? [], module.send ?? []].flat().map(attemptLayer);
  return {
    call: (next) => (request, signal) => {
      const innermost = (given: CallRequest) => {
        const { signal: theirs, ...rest } = given;
        return next(rest, either(signal, theirs));
      };
      return compose(callLayers, innermost, checkCallReply)({ ...request, signal });
    },
    attempt: (next, hide) => async (request, signal) => {
      const innermost = (given: AttemptRequest) => {
        const http = toHttp(given);
        hideNew(request, http, hide);
        return next(http, either(signal, given.signal));
      };
      // Copies: both may be changed in place.
      const headers = new WatchedHeaders(request.headers, hide);
      const url = new URL(request.url);
      try {
        return await compose(attemptLayers, innermost, toReply)({ ...request, url, headers, signal });
      } finally {
        // Also of a request that never got as far as HTTPS.
        hideNew(request, { ...request, url, headers: headers.toList() }, hide);
      }
    },
    ...(module.secret && { secret: module.secret.bind(module) }),
    ...(module.nodeKey && { nodeKey: module.nodeKey }),
    ...(module.line && { line: module.line.bind(module) }),
    replacesHttps: module.send !== undefined,
  };
}

/** Ours always counts, also for who hands on a signal of his own. */
function either(ours: AbortSignal, theirs: AbortSignal | undefined): AbortSignal {
  return theirs === undefined || theirs === ours ? ours : AbortSignal.any([ours, theirs]);
}

/** @throws {RemoteError} `internal` for a request that cannot be sent by HTTPS. */
function toHttp(given: AttemptRequest): HttpRequest {
  const { signal: _, headers, body, ...rest } = given;
  const url = new URL(given.url);
  if (url.protocol !== 'https:' || url.username !== '') {
    throw new RemoteError(
      'internal',
      `the transport module asks for ${url.protocol}//${url.host}: only https is there`,
    );
  }
  return { ...rest, url, headers: listOf(headers), body: body === undefined ? undefined : bufferOf(body) };
}

function bufferOf(body: Uint8Array | string): Buffer {
  return typeof body === 'string'
    ? Buffer.from(body)
    : Buffer.from(body.buffer, body.byteOffset, body.length);
}

/** Who writes JavaScript may hand on a plain object, or what `fetch` has. */
function listOf(headers: object): HeaderList {
  const entries: Iterable<readonly [string, unknown]> =
    Symbol.iterator in headers ? (headers as RequestHeaders) : Object.entries(headers);
  return [...entries].map(([name, value]) => [name, String(value)]);
}

/** Values that were put into headers and into the query may be secrets: tokens, signatures, keys. */
function hideNew(before: HttpRequest, after: HttpRequest, hide: Hide): void {
  const known = new Set([...before.headers.map(([, value]) => value), ...before.url.searchParams.values()]);
  const values = [...after.headers.map(([, value]) => value), ...after.url.searchParams.values()];
  hideValues(
    values.filter((value) => !known.has(value)),
    hide,
  );
}

/** Tells of each value at once: if the code that set it then ends the thread, there is no later. */
class WatchedHeaders extends RequestHeaders {
  readonly #hide: Hide;

  constructor(list: HeaderList, hide: Hide) {
    super(list);
    this.#hide = hide;
  }

  override set(name: string, value: string): void {
    hideValues([String(value)], this.#hide);
    super.set(name, value);
  }

  override append(name: string, value: string): void {
    hideValues([String(value)], this.#hide);
    super.append(name, value);
  }
}

function hideValues(fresh: readonly string[], hide: Hide): void {
  // A scheme in front, as in `Bearer …`, is no secret, and what follows it may show up alone.
  const bare = fresh.map((value) => value.replace(/^\S+ +/, ''));
  const secrets = [...fresh, ...bare].filter((value) => value.length >= 6);
  if (secrets.length > 0) hide(secrets);
}
