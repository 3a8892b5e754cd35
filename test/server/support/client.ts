import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { dedupeHeaders } from '../../../src/api.ts';
import type { ReferenceServer } from '../../../src/server/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; `undefined` when it is not JSON. */
  readonly json: unknown;
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without `Content-Length`. */
  readonly chunked?: boolean;
  readonly tls?: RequestOptions;
}

/** Sends one request over TLS on a connection of its own, checking the server's certificate. */
export function send(
  server: ReferenceServer,
  path: string,
  body: unknown = undefined,
  { method = 'POST', headers = {}, chunked = false, tls = {} }: SendOptions = {},
): Promise<Answer> {
  const bytes =
    body instanceof Uint8Array ? body : typeof body === 'string' ? body : JSON.stringify(body ?? {});
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      `${server.url}${path}`,
      {
        method,
        agent: false,
        ca: readFileSync(server.caFile),
        headers: {
          'content-type': 'application/json',
          ...(method === 'POST' && !chunked ? { 'content-length': Buffer.byteLength(bytes) } : {}),
          ...headers,
        },
        ...tls,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(method === 'POST' ? bytes : undefined);
  });
}

/** A node that talks to the server as osquery does. */
export class TestNode {
  readonly server: ReferenceServer;
  readonly host: string;
  key = '';

  constructor(server: ReferenceServer, host: string) {
    this.server = server;
    this.host = host;
  }

  static async enroll(server: ReferenceServer, host: string, secret = 'made-up-secret'): Promise<TestNode> {
    const node = new TestNode(server, host);
    await node.enroll(secret);
    return node;
  }

  async enroll(secret = 'made-up-secret'): Promise<Answer> {
    const answer = await send(this.server, '/enroll', {
      enroll_secret: secret,
      host_identifier: this.host,
      platform_type: '9',
      host_details: { os_version: { name: 'Testux' } },
    });
    this.key = (answer.json as { node_key?: string }).node_key ?? '';
    return answer;
  }

  /** A POST with the node key in the body. */
  post(path: string, body: Readonly<Record<string, unknown>> = {}, options?: SendOptions): Promise<Answer> {
    return send(this.server, path, { node_key: this.key, ...body }, options);
  }

  log(data: readonly unknown[], headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.post('/log', { log_type: 'result', data }, { headers });
  }

  /** Result lines with numbers, under one writer id. */
  numbered(numbers: string, data: readonly unknown[], writer = 'writer-1'): Promise<Answer> {
    return this.log(data, numberHeaders(numbers, writer));
  }

  async read(): Promise<Record<string, string>> {
    const { json } = await this.post('/distributed_read');
    return (json as { queries: Record<string, string> }).queries;
  }
}

export function numberHeaders(
  numbers: string,
  writer = 'writer-1',
  stream = 'result',
): Record<string, string> {
  return {
    [dedupeHeaders.writer]: writer,
    [dedupeHeaders.stream]: stream,
    [dedupeHeaders.numbers]: numbers,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
