import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import type { Followed } from '../server/index.ts';

/** The operator API cannot be used. The message is one line and says what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

export interface OperatorConnection {
  /** `https://host:port` */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
  /** For a server that asks for client certificates: certificate and key, PEM. */
  readonly client?: { readonly cert: string; readonly key: string };
}

/** A query as the server took it. */
export interface PostedQuery {
  readonly id: string;
  /** Host identifiers of the nodes from which an answer is awaited. */
  readonly nodes: readonly string[];
}

/** The operator API of the reference server. */
export class OperatorClient {
  readonly #connection: OperatorConnection;

  constructor(connection: OperatorConnection) {
    this.#connection = connection;
  }

  /** @throws {OperatorError} */
  async post(sql: string, nodes: readonly string[], lifetimeS: number): Promise<PostedQuery> {
    const body = { sql, lifetime_s: lifetimeS, ...(nodes.length > 0 ? { nodes } : {}) };
    const response = await this.#send('POST', '/api/queries', JSON.stringify(body));
    return JSON.parse(await textOf(response));
  }

  /** @throws {OperatorError} */
  async *results(id: string, signal: AbortSignal): AsyncGenerator<Followed> {
    const response = await this.#send('GET', `/api/queries/${id}/results`, undefined, signal);
    try {
      for await (const line of createInterface({ input: response })) yield JSON.parse(line);
    } catch (error) {
      throw new OperatorError(`the server closed the connection before the query ended`, { cause: error });
    }
  }

  /** @throws {OperatorError} */
  async cancel(id: string): Promise<void> {
    await textOf(await this.#send('DELETE', `/api/queries/${id}`));
  }

  async #send(method: string, path: string, body?: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const { url, ca, token, client } = this.#connection;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      const outgoing = request(`${url}${path}`, {
        method,
        ca,
        ...client,
        headers,
        agent: false,
        ...(signal && { signal }),
      });
      outgoing.on('response', resolve);
      outgoing.on('error', (error) => reject(new OperatorError(explain(url, error), { cause: error })));
      outgoing.end(body);
    });
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    if (statusCode === 401) {
      throw new OperatorError('the server refuses the operator token; it makes a new one at each start');
    }
    throw new OperatorError(`the server answers ${statusCode}: ${reasonOf(await textOf(response))}`);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

function reasonOf(text: string): string {
  try {
    return String(JSON.parse(text).error);
  } catch {
    return 'not the operator API of osquery-remote';
  }
}

function explain(url: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return `nobody listens at ${url}; is "osquery-remote server" running?`;
  if (code === 'ENOTFOUND') return `the host of ${url} is not known`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate of ${url} is for another name: ${message}`;
  if (code !== undefined && /^ERR_SSL.*CERTIFICATE_REQUIRED/.test(code)) {
    return `${url} asks for a client certificate; give one with --client-cert and --client-key`;
  }
  if (code !== undefined && /CERT|SIGNATURE|ISSUER/.test(code)) {
    return `the certificate of ${url} is not signed by the given CA (${code}); give the server's with --ca`;
  }
  return `cannot talk to ${url}: ${code ?? message}`;
}
