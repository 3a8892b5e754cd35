import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { serverName } from './certificates.ts';

/** A place where no client should ever come: counts who does. */
export class Elsewhere {
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.destroy();
  });

  static async start(): Promise<Elsewhere> {
    const elsewhere = new Elsewhere();
    await new Promise<void>((resolve) => elsewhere.#server.listen(0, '127.0.0.1', resolve));
    return elsewhere;
  }

  get hostname(): string {
    return `${serverName}:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
