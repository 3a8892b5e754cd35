import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly socket: Socket;
  /** Number of the connection, from 1 on. */
  readonly connection: number;
}

/** What the server does with a request. */
export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | Buffer }
  /** Sends these bytes as they are, then closes. */
  | { readonly raw: string | Buffer }
  | 'hang'
  | 'reset';

/** An HTTPS server that answers as a test says, request by request, and keeps what it saw. */
export class ScriptServer {
  readonly seen: Seen[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #answer: (request: Seen) => Answer;
  readonly #sockets = new Set<Socket>();
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  private constructor(tls: TlsOptions, answer: (request: Seen) => Answer) {
    this.#answer = answer;
    const numbers = new WeakMap<Socket, number>();
    this.#server = createServer(tls, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const seen: Seen = {
          method: request.method ?? '',
          url: request.url ?? '',
          headers: request.headers,
          rawHeaders: request.rawHeaders,
          body: Buffer.concat(chunks),
          socket: request.socket,
          connection: numbers.get(request.socket) ?? 0,
        };
        this.seen.push(seen);
        const answer = this.#answer(seen);
        for (const waiting of [...this.#waiting]) if (this.seen.length >= waiting.count) waiting.resolve();
        if (answer === 'hang') return;
        if (answer === 'reset') {
          request.socket.destroy();
        } else if ('raw' in answer) {
          request.socket.end(answer.raw);
        } else {
          response.writeHead(answer.status, answer.headers);
          response.end(answer.body);
        }
      });
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      numbers.set(socket, ++this.connections);
      socket.on('error', () => {});
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(tls: TlsOptions, answer: (request: Seen) => Answer): Promise<ScriptServer> {
    const server = new ScriptServer(tls, answer);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when so many requests have arrived. */
  async requests(count: number): Promise<void> {
    if (this.seen.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** Ends the open connections, as an idle limit does. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
