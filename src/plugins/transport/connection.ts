import type { TLSSocket } from 'node:tls';
import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../../clock/index.ts';
import { connectTls, type Route } from './connector.ts';
import { RemoteError } from './error.ts';
import type { HttpRequest } from './http-request.ts';
import { IdleWatch } from './idle-watch.ts';
import { idleMs, maxHeadBytes, maxReplyBytes } from './limits.ts';
import type { HttpReply } from './reply.ts';

export interface ConnectionOptions {
  readonly origin: string;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Asked at every connect. */
  route(): Route;
  /** False: one request, then close (`tls_session_reuse`). */
  readonly keepAlive: boolean;
  /** How long an idle socket is kept when the server does not say. */
  readonly keepAliveMs: number;
  onSession(session: Buffer): void;
}

/** A failed exchange, and whether the same request may go out again at once. */
export class ExchangeError extends Error {
  /**
   * The socket had served a request before, and not a byte came back for this one: the server had closed it while the
   * request was on its way.
   */
  readonly stale: boolean;

  constructor(cause: unknown, stale: boolean) {
    super('exchange failed', { cause });
    this.name = 'ExchangeError';
    this.stale = stale;
  }
}

/**
 * One HTTP/1.1 connection, for one request at a time. undici's client connects again by itself when the server has
 * closed an idle socket in time to be noticed.
 */
export class Connection {
  readonly #client: Client;
  readonly #stop = new AbortController();
  readonly #options: ConnectionOptions;
  #socket: TLSSocket | undefined;
  /** Replies that came over the present socket. */
  #served = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#client = new Client(options.origin, {
      pipelining: 1,
      maxHeaderSize: maxHeadBytes,
      maxResponseSize: maxReplyBytes,
      // The deadline of an attempt, and silence in it, are not undici's business.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: options.keepAliveMs,
      connect: (_, callback) => {
        this.#connect().then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
    });
  }

  /** True if a request may be sent over it (again). */
  get usable(): boolean {
    return !this.#client.destroyed && !this.#client.closed;
  }

  /**
   * Sends the request and reads the whole reply, still encoded.
   * @throws {ExchangeError} with undici's or Node's error as its cause
   * @throws {unknown} `signal.reason`, and the connection is gone
   */
  async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    signal.throwIfAborted();
    const abort = () => this.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const readBefore = this.#socket?.bytesRead ?? 0;
    try {
      const reply = await this.#dispatch(request);
      this.#served++;
      return reply;
    } catch (error) {
      signal.throwIfAborted();
      const stale = this.#served > 0 && (this.#socket?.bytesRead ?? 0) === readBefore;
      this.destroy(error);
      throw new ExchangeError(error, stale);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  destroy(reason: unknown = new Error('closed')): void {
    this.#stop.abort(reason);
    void this.#client.destroy(reason instanceof Error ? reason : new Error(String(reason))).catch(() => {});
    this.#socket?.destroy();
  }

  async #connect(): Promise<TLSSocket> {
    this.#served = 0;
    this.#socket = undefined;
    const socket = await connectTls(this.#options.route(), this.#options.clock, this.#stop.signal);
    socket.on('session', this.#options.onSession);
    this.#socket = socket;
    return socket;
  }

  #dispatch(request: HttpRequest): Promise<HttpReply> {
    const { method, url, headers, body } = request;
    return new Promise((resolve, reject) => {
      let status = 0;
      let replyHeaders: HttpReply['headers'] = {};
      const chunks: Buffer[] = [];
      let idle: IdleWatch | undefined;
      const stopped = () =>
        this.destroy(new RemoteError('deadline', `the answer stopped in the middle for ${idleMs / 1_000} s`));
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => {},
        onResponseStart: (_, statusCode, responseHeaders) => {
          status = statusCode;
          replyHeaders = responseHeaders;
          idle ??= new IdleWatch(this.#options.clock, stopped);
        },
        onResponseData: (_, chunk) => {
          chunks.push(chunk);
          idle?.moved();
        },
        onResponseEnd: () => {
          idle?.stop();
          resolve({ status, headers: replyHeaders, body: Buffer.concat(chunks) });
        },
        onResponseError: (_, error) => {
          idle?.stop();
          reject(error);
        },
      };
      this.#client.dispatch(
        {
          method,
          path: url.pathname + url.search,
          headers: headers.flat(),
          body: body ?? null,
          reset: !this.#options.keepAlive,
        },
        handler,
      );
    });
  }
}
