import { ExchangeError } from './connection.ts';
import type { Connections } from './connections.ts';
import { decodeReply } from './decode.ts';
import { RemoteError } from './error.ts';
import { doubtAboutGzip, GzipMemory, withGzip, zip } from './gzip.ts';
import type { HttpRequest } from './http-request.ts';
import { maxRedirects } from './limits.ts';
import { networkError } from './network-error.ts';
import { type HttpReply, headerOf } from './reply.ts';
import type { Secrets } from './secrets.ts';
import type { TransportSettings } from './settings.ts';

/** What one attempt needs beside its request. */
export interface SendContext {
  readonly settings: TransportSettings;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
}

/** Sends requests to the server: what osquery counts as one attempt. */
export class Sender {
  readonly #connections: Connections;
  readonly #gzip = new GzipMemory();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /**
   * One request and its reply. Follows redirects within the server (307, 308), and sends a body plain when the server
   * does not take it as gzip.
   * @throws {RemoteError}
   * @throws {unknown} `signal.reason`
   */
  async send(request: HttpRequest, context: SendContext): Promise<HttpReply> {
    const { origin } = request.url;
    if (!request.compress || request.body === undefined || this.#gzip.isRefused(origin)) {
      return this.#follow(request, context);
    }
    const zipped = { ...request, body: await zip(request.body), headers: withGzip(request.headers) };
    let first: HttpReply | RemoteError;
    try {
      first = await this.#follow(zipped, context);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      first = error;
    }
    const doubt = doubtAboutGzip(first);
    if (doubt === 0) {
      this.#gzip.wasTaken(origin);
      if (first instanceof RemoteError) throw first;
      return first;
    }
    const second = await this.#follow(request, context);
    if (second.status >= 200 && second.status <= 299) this.#gzip.wasRefused(origin, doubt);
    return second;
  }

  async #follow(request: HttpRequest, context: SendContext): Promise<HttpReply> {
    let { url } = request;
    for (let redirects = 0; ; redirects++) {
      const reply = await this.#exchange({ ...request, url }, context);
      const location = headerOf(reply, 'location');
      if ((reply.status !== 307 && reply.status !== 308) || location === undefined) return reply;
      const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      if (target?.origin !== url.origin) {
        const where = target === undefined ? 'a strange place' : target.origin;
        throw new RemoteError(
          'redirect',
          `HTTP ${reply.status} to ${where}, another server, is not followed`,
          context,
        );
      }
      if (redirects === maxRedirects)
        throw new RemoteError('redirect', `more than ${maxRedirects} redirects`);
      url = target;
    }
  }

  /** One exchange, and a second one when the first met a socket that the server had already given up. */
  async #exchange(request: HttpRequest, context: SendContext): Promise<HttpReply> {
    try {
      return await this.#once(request, context);
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      if (!error.stale) throw this.#remoteError(error, request, context);
    }
    try {
      return await this.#once(request, context);
    } catch (error) {
      throw error instanceof ExchangeError ? this.#remoteError(error, request, context) : error;
    }
  }

  async #once(request: HttpRequest, { settings, signal }: SendContext): Promise<HttpReply> {
    const lease = this.#connections.take(request.url, settings);
    try {
      return await decodeReply(await lease.connection.exchange(request, signal));
    } finally {
      lease.release();
    }
  }

  #remoteError(error: ExchangeError, { url }: HttpRequest, { settings, secrets }: SendContext): RemoteError {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? 443 : Number(url.port);
    return networkError(error.cause, { host, port, serverCerts: settings.serverCerts }, secrets);
  }
}
