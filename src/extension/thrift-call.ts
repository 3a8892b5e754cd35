import { connect } from 'node:net';
import type { Clock } from '../clock/index.ts';
import { ExtensionError } from './errors.ts';
import { isOtherFile } from './socket-file.ts';
import {
  ApplicationException,
  type BinaryReader,
  decodeMessage,
  encodeChunks,
  MessageScanner,
  type ThriftStruct,
} from './wire/index.ts';

export interface ThriftCall<T> {
  /** Path of a UNIX socket, or of a named pipe. */
  readonly path: string;
  readonly method: string;
  readonly args: Pick<ThriftStruct, 'write'>;
  /** Reads the result. What it takes of the message as bytes are views. */
  readonly read: (body: BinaryReader) => T;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One call on a connection of its own, as osqueryd itself makes them: what goes wrong on it, a time-out above all, has
 * no effect on another.
 * @throws {ExtensionError} `socket`, `timeout`, `protocol`, or `refused` for an exception of the other side.
 * @throws {unknown} `signal.reason`
 */
export async function thriftCall<T>(call: ThriftCall<T>): Promise<T> {
  const { path, method, args, clock, timeoutMs, signal } = call;
  signal?.throwIfAborted();
  const over = new AbortController();
  const socket = connect({ path });
  try {
    const reply = await new Promise<Buffer>((resolve, reject) => {
      const scanner = new MessageScanner();
      socket.on('connect', () => {
        socket.cork();
        for (const chunk of encodeChunks({ name: method, type: 'call', seqid: 0 }, args)) socket.write(chunk);
        socket.uncork();
      });
      socket.on('data', (bytes: Buffer) => {
        try {
          scanner.push(bytes);
          const message = scanner.take();
          if (message !== undefined) resolve(message);
        } catch (error) {
          reject(
            new ExtensionError('protocol', `${method}: osqueryd answered with bytes that are no Thrift`, {
              cause: error,
            }),
          );
        }
      });
      socket.on('error', (error: NodeJS.ErrnoException) => reject(socketError(path, error)));
      socket.on('close', () =>
        reject(new ExtensionError('socket', `${path}: the connection ended without an answer to ${method}`)),
      );
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: over.signal, once: true });
      clock.sleep(timeoutMs, over.signal).then(
        () =>
          reject(
            new ExtensionError('timeout', `${path}: no answer to ${method} within ${timeoutMs / 1000} s`),
          ),
        () => {},
      );
    });
    return readReply(call, reply);
  } finally {
    over.abort();
    socket.destroy();
  }
}

function readReply<T>(call: ThriftCall<T>, bytes: Buffer): T {
  const { method } = call;
  try {
    const message = decodeMessage(bytes);
    if (message.type === 'exception') {
      const exception = new ApplicationException();
      exception.read(message.body);
      throw new ExtensionError(
        'refused',
        `${method}: ${exception.message || 'osqueryd reports an exception'}`,
      );
    }
    if (message.type !== 'reply' || message.name !== method) {
      throw new ExtensionError(
        'protocol',
        `${method}: osqueryd answered with a ${message.type} of ${message.name}`,
      );
    }
    return call.read(message.body);
  } catch (error) {
    if (error instanceof ExtensionError) throw error;
    throw new ExtensionError('protocol', `${method}: the answer cannot be read`, { cause: error });
  }
}

function socketError(path: string, error: NodeJS.ErrnoException): ExtensionError {
  return new ExtensionError('socket', `${path}: ${reasonOf(path, error)}`, { cause: error });
}

function reasonOf(path: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'there is no such socket; is osqueryd running, and is this its --extensions_socket?';
    case 'ECONNREFUSED':
      // Linux says the same of a file that is no socket at all.
      return isOtherFile(path)
        ? notASocket
        : 'nobody listens there; osqueryd has ended, or is still starting';
    case 'ENOTSOCK':
      return notASocket;
    case 'EACCES':
    case 'EPERM':
      return 'no permission to open it; run as the user of osqueryd (usually root)';
    default:
      return error.message;
  }
}

const notASocket = 'this is not a socket; give the value of --extensions_socket';
