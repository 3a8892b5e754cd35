import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A path for a socket in a directory of its own, which is removed when the test is over. */
export function socketPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'osq-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 's');
}

/** A connection of which a test reads and writes every byte. */
export class RawSocket {
  readonly socket: Socket;
  #pieces: Buffer[] = [];
  #length = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.#length += bytes.length;
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end);
    socket.on('close', end);
  }

  static open(path: string): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawSocket(socket)));
    });
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next `count` bytes, or what came before the peer closed. */
  async read(count: number): Promise<Buffer> {
    await this.#until(() => this.#length >= count);
    const bytes = this.#take();
    const rest = bytes.subarray(count);
    this.#pieces = [rest];
    this.#length = rest.length;
    return bytes.subarray(0, count);
  }

  /** All that comes until the peer closes. */
  async readToEnd(): Promise<Buffer> {
    await this.#until(() => false);
    return this.#take();
  }

  close(): void {
    this.socket.destroy();
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return bytes;
  }

  async #until(met: () => boolean): Promise<void> {
    while (!this.#ended && !met()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A server whose connections are left to `serve`. */
export function listen(path: string, serve: (connection: RawSocket) => void): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => serve(new RawSocket(socket)));
    server.listen(path, () => resolve(server));
  });
}
