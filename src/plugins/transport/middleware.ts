import type { TransportReply } from './outcome.ts';
import type { HttpReply } from './reply.ts';
import type { Endpoint, TransportRequest } from './request.ts';
import type { RequestHeaders } from './request-headers.ts';

/**
 * Middleware stands around what the transport does, at two levels:
 *
 *     config ─┐    ┌ call[0] ┐ ┌ call[1] ┐                  ┌ attempt[0] ┐ ┌ attempt[1] ┐
 *     log    ─┼──▶ │    ▼    │ │    ▼    │   ┌ attempts ┐   │      ▼     │ │      ▼     │
 *     enroll ─┤    │  next ──┼─┼─▶ next ─┼──▶│ 1, 2, 3… │──▶│    next ───┼─┼──▶ next ───┼──▶ send, or HTTPS
 *     read   ─┤    │    ◀────┼─┼─   ◀────┼───│ 1 s, 4 s │◀──│     ◀──────┼─┼──   ◀──────┼─── status, headers, body
 *     write  ─┘    └─────────┘ └─────────┘   └──────────┘   └────────────┘ └────────────┘
 *                    TransportRequest                          AttemptRequest
 *                    TransportReply                            HttpReply
 *
 * - `call` runs once per call of osqueryd, around all its attempts: it sees what is asked for, and what the answer means
 *   in the end.
 * - `attempt` runs once per attempt, inside the retries and inside the deadline of 16 s: it sees HTTP. What it throws
 *   counts as a failed attempt.
 *
 * The first of a list is the outermost: it sees the request first and the answer last. Who does not call `next` makes
 * the answer up; who calls it twice asks twice. To change the request, hand a changed copy to `next`:
 *
 *     attempt(request, next) {
 *       request.headers.set('Authorization', `Bearer ${token}`);
 *       return next({ ...request, url: new URL(request.url.pathname, 'https://other.example') });
 *     }
 */
export interface Middleware {
  readonly call?: Layers<'call'>;
  readonly attempt?: Layers<'attempt'>;
}

/** One middleware for every endpoint, or one for each, or a list of either. */
export type Layers<Level extends 'call' | 'attempt'> = Layer<Level> | readonly Layer<Level>[];

export type Layer<Level extends 'call' | 'attempt'> = Level extends 'call'
  ? CallMiddleware | { readonly [E in Endpoint]?: CallMiddleware<E> }
  : AttemptMiddleware | { readonly [E in Endpoint]?: AttemptMiddleware<E> };

/** A call as middleware sees it. `signal` is aborted when nobody waits for the answer any more. */
export type CallRequest<E extends Endpoint = Endpoint> = Extract<
  TransportRequest,
  { readonly endpoint: E }
> & {
  readonly signal: AbortSignal;
};

export type CallMiddleware<E extends Endpoint = Endpoint> = (
  request: CallRequest<E>,
  next: (request: CallRequest<E>) => Promise<TransportReply>,
) => TransportReply | Promise<TransportReply>;

/** One HTTP request as it is about to be sent. */
export type AttemptRequest<E extends Endpoint = Endpoint> = E extends Endpoint
  ? HttpFields & { readonly endpoint: E }
  : never;

interface HttpFields {
  readonly method: 'GET' | 'POST';
  /** `https:` only, unless `send` takes its place. May be changed in place. */
  readonly url: URL;
  /** May be changed in place: each attempt has its own. */
  readonly headers: RequestHeaders;
  /** Not yet compressed: see `encoded`. */
  readonly body: Uint8Array | string | undefined;
  /** Send the body as gzip if the server takes it (`logger_tls_compress`). */
  readonly compress: boolean;
  /** Counts from 1 in each call. */
  readonly attempt: number;
  /** Aborted when the deadline of the attempt is over, or nobody waits any more. */
  readonly signal: AbortSignal;
}

/** A reply as `next` gave it, or made up (see `answer`), or that of `fetch`. */
export type AttemptAnswer = HttpReply | Response;

export type AttemptMiddleware<E extends Endpoint = Endpoint> = (
  request: AttemptRequest<E>,
  next: (request: AttemptRequest<E>) => Promise<HttpReply>,
) => AttemptAnswer | Promise<AttemptAnswer>;

/** One middleware out of a map of them, or the one that is there. */
export function callLayer(layer: Layer<'call'>): CallMiddleware {
  if (typeof layer === 'function') return layer;
  return (request, next) => {
    // It is of the request's own endpoint, which types cannot follow.
    const own = layer[request.endpoint] as CallMiddleware | undefined;
    return own ? own.call(layer, request, next) : next(request);
  };
}

/** As `callLayer`. */
export function attemptLayer(layer: Layer<'attempt'>): AttemptMiddleware {
  if (typeof layer === 'function') return layer;
  return (request, next) => {
    const own = layer[request.endpoint] as AttemptMiddleware | undefined;
    return own ? own.call(layer, request, next) : next(request);
  };
}

type Handler<Req, Reply> = (request: Req) => Promise<Reply>;
type Wrap<Req, Reply, Answer> = (request: Req, next: Handler<Req, Reply>) => Answer | Promise<Answer>;

/**
 * Puts layers around a handler, the first one outermost. `check` turns what a layer answers into what the one around it
 * may rely on, and throws if it cannot.
 */
export function compose<Req, Reply, Answer>(
  layers: readonly Wrap<Req, Reply, Answer>[],
  innermost: Handler<Req, Reply>,
  check: (answer: Answer) => Reply | Promise<Reply>,
): Handler<Req, Reply> {
  return layers.reduceRight<Handler<Req, Reply>>(
    (next, layer) => async (request) => check(await layer(request, next)),
    innermost,
  );
}
