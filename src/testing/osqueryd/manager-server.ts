import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { writeInPieces } from './pieces.ts';
import {
  ApplicationException,
  decodeMessage,
  encodeMessage,
  type Message,
  MessageScanner,
  type ThriftStruct,
} from './wire.ts';

/** Answers one method: gets the message, returns the result struct. What it throws becomes a Thrift exception. */
export type Method = (message: Message) => Promise<Pick<ThriftStruct, 'write'>> | Pick<ThriftStruct, 'write'>;

/**
 * The extension manager's side of the wire: any number of connections, on each one call after the other, answers in
 * the strict form whatever form the call had. Bytes that are no call end the connection without an answer.
 */
export class ManagerServer {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(methods: ReadonlyMap<string, Method>) {
    this.#methods = methods;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Takes over the path, also from a living manager. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
  }

  /** Stops listening, which removes the socket file, and ends all connections. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const scanner = new MessageScanner();
    let last: Promise<void> = Promise.resolve();
    socket.on('data', (piece) => {
      try {
        scanner.push(piece);
        for (let bytes = scanner.take(); bytes !== undefined; bytes = scanner.take()) {
          const message = decodeMessage(bytes);
          last = last.then(() => this.#answer(socket, message));
        }
      } catch {
        socket.destroy();
      }
    });
  }

  async #answer(socket: Socket, message: Message): Promise<void> {
    if (socket.destroyed) return;
    const { name, type, seqid } = message;
    if (type !== 'call' && type !== 'oneway') {
      socket.destroy();
      return;
    }
    const method = this.#methods.get(name);
    if (method === undefined) {
      const exception = new ApplicationException(`Invalid method name: '${name}'`, 1);
      writeInPieces(socket, encodeMessage({ name, type: 'exception', seqid }, exception));
      return;
    }
    let bytes: Buffer;
    try {
      bytes = encodeMessage({ name, type: 'reply', seqid }, await method(message));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      bytes = encodeMessage({ name, type: 'exception', seqid }, new ApplicationException(text, 0));
    }
    if (!socket.destroyed) writeInPieces(socket, bytes);
  }
}
