import { connect, type Socket } from 'node:net';
import type { Clock } from '../../clock/index.ts';
import { writeInPieces } from './pieces.ts';
import {
  ApplicationException,
  decodeMessage,
  encodeMessage,
  MessageScanner,
  type ThriftStruct,
} from './wire.ts';

/** The call did not come to an answer; the message is what Thrift's C++ library says. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
}

/** One connection from core to an extension, for one call after the other. */
export class ExtensionConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #scanner = new MessageScanner();
  #failure: CallFailure | undefined;
  #wake: () => void = () => {};
  readonly #received: Buffer[] = [];

  private constructor(socket: Socket, clock: Clock, timeoutMs: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (piece) => this.#take(piece));
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => this.#fail('No more data to read.'));
  }

  /**
   * @param timeoutMs limit for each answer.
   * @throws {CallFailure} when nobody listens there.
   */
  static async open(path: string, clock: Clock, timeoutMs: number): Promise<ExtensionConnection> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error) => reject(new CallFailure(error.message)));
    });
    socket.removeAllListeners('error');
    return new ExtensionConnection(socket, clock, timeoutMs);
  }

  /**
   * Calls a method, with sequence number 0 as core always does, and reads its answer into `result`.
   * @throws {CallFailure}
   */
  async call(
    name: string,
    args: Pick<ThriftStruct, 'write'>,
    result: Pick<ThriftStruct, 'read'>,
  ): Promise<void> {
    writeInPieces(this.#socket, encodeMessage({ name, type: 'call', seqid: 0 }, args));
    const message = decode(await this.#next());
    if (message.type === 'exception') {
      const exception = new ApplicationException();
      exception.read(message.body);
      throw new CallFailure(exception.message || 'TApplicationException: Unknown application exception');
    }
    // Thrift in C++ passes over an answer that is none and goes on reading; nothing that follows makes sense to it.
    if (message.type !== 'reply' || message.name !== name) {
      await this.#next();
      throw new CallFailure('Invalid data');
    }
    try {
      result.read(message.body);
    } catch {
      throw new CallFailure('Invalid data');
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(piece: Buffer): void {
    try {
      this.#scanner.push(piece);
      for (let message = this.#scanner.take(); message !== undefined; message = this.#scanner.take()) {
        this.#received.push(message);
      }
    } catch {
      this.#failure ??= new CallFailure('Invalid data');
    }
    this.#wake();
  }

  #fail(reason: string): void {
    this.#failure ??= new CallFailure(reason);
    this.#wake();
  }

  async #next(): Promise<Buffer> {
    const abort = new AbortController();
    const timeout = this.#clock.sleep(this.#timeoutMs, abort.signal).then(
      () => this.#fail('THRIFT_EAGAIN (timed out)'),
      () => {},
    );
    try {
      for (;;) {
        const message = this.#received.shift();
        if (message !== undefined) return message;
        if (this.#failure !== undefined) throw this.#failure;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      abort.abort();
      await timeout;
    }
  }
}

function decode(bytes: Buffer): ReturnType<typeof decodeMessage> {
  try {
    return decodeMessage(bytes);
  } catch {
    throw new CallFailure('Invalid data');
  }
}
