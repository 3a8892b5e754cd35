import { connect, createServer, type Server, type Socket } from 'node:net';

/** An HTTP proxy that may refuse, and then says again what it was told. */
export class QuotingProxy implements AsyncDisposable {
  /** So many of the next tunnels are refused. */
  refusals = 0;
  /** The head of every request. */
  heard = '';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((client) => {
      this.#keep(client).once('data', (head) => this.#answer(client, head.toString('latin1')));
    });
  }

  static async start(): Promise<QuotingProxy> {
    const proxy = new QuotingProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(client: Socket, head: string): void {
    this.heard += head;
    if (this.refusals > 0) {
      this.refusals--;
      const [, sent = ''] = /Basic (\S+)/.exec(head) ?? [];
      const said = `${sent} ${Buffer.from(sent, 'base64')}`;
      client.end(
        `HTTP/1.1 407 ${said}\r\nProxy-Authenticate: Basic realm="${said}"\r\nContent-Length: ${said.length}\r\n\r\n${said}`,
      );
      return;
    }
    const port = Number(/^CONNECT \S+:(\d+) /.exec(head)?.[1]);
    const server = this.#keep(connect(port, '127.0.0.1'));
    server.once('connect', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    client.pipe(server).pipe(client);
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }
}
