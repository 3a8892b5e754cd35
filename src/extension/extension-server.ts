import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import {
  Extension_call_args,
  Extension_ping_result,
  Extension_shutdown_result,
  ExtensionStatus,
} from '#thrift';
import type { ThriftOutput } from '../../thrift/protocol.d.ts';
import { ExtensionError, textOf } from './errors.ts';
import { failure, isPromise, ok, type PluginReply, type PluginRequest } from './plugin.ts';
import { unlinkSocket } from './socket-file.ts';
import {
  ApplicationException,
  decodeMessage,
  encodeChunks,
  type Message,
  MessageScanner,
  type MessageType,
  T,
  type ThriftStruct,
} from './wire/index.ts';

/** What stands behind the socket. */
export interface ExtensionHandlers {
  call(registry: string, item: string, request: PluginRequest): PluginReply | Promise<PluginReply>;
  /** osqueryd is going down. Called after the reply was written. */
  shutdown(): void;
}

type Chunks = readonly Uint8Array[];

const emptyRequest: PluginRequest = new Map();
const unknownMethod = 1;

/**
 * The extension's own socket: answers `ping`, `call` and `shutdown`. As in osqueryd's server, calls of one connection
 * are answered in order, a stream that is no Thrift ends the connection without an answer, an unknown method is
 * answered with an exception, and a one-way message is answered too.
 */
export class ExtensionServer {
  readonly #handlers: ExtensionHandlers;
  readonly #sockets = new Set<Socket>();
  #uuid = 0;
  #server: Server | undefined;
  /** The common replies, ready to be written: `ping`, and a call that went well without rows, by seqid 0. */
  #pong: Chunks = [];
  #plainOk: Chunks = [];

  constructor(handlers: ExtensionHandlers) {
    this.#handlers = handlers;
  }

  /** The id under which it answers, 0 before the first `listen`. */
  get uuid(): number {
    return this.#uuid;
  }

  /**
   * Listens at `path` under a new id. Where it listened before, it accepts no more connections and takes the socket
   * file away; calls under way still get their answers.
   * @throws {ExtensionError} `socket`, when the path cannot be bound.
   */
  listen(path: string, uuid: number): Promise<void> {
    // Before the new one is bound: closing removes the file, and both may be of the same name.
    void this.retire();
    unlinkSocket(path);
    this.#uuid = uuid;
    this.#pong = this.#encodePong(0);
    this.#plainOk = encode('call', 'reply', 0, new CallResult(ok, uuid));
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException) => reject(bindError(path, error));
      server.once('error', refuse);
      server.listen({ path, backlog: 511 }, () => {
        server.off('error', refuse);
        // Accepting can fail for want of file descriptors. The next connection may go well.
        server.on('error', () => {});
        resolve();
      });
    });
  }

  /** Accepts no more connections and takes the socket file away. Resolves when those that are open have ended. */
  retire(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    return new Promise((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
  }

  /** Ends all connections as well. */
  close(): Promise<void> {
    const retired = this.retire();
    for (const socket of this.#sockets) socket.destroy();
    return retired;
  }

  #accept(socket: Socket): void {
    const scanner = new MessageScanner();
    /** The last reply that is not written yet; later ones wait for it. */
    let unanswered: Promise<void> | undefined;
    let readable = true;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => {
      // osqueryd closes a connection when it has its reply. A peer that closes its half alone still reads.
      if (unanswered === undefined && socket.writableLength === 0) socket.destroy();
      else if (unanswered === undefined) socket.end();
      else void unanswered.then(() => socket.end());
    });
    socket.on('data', (bytes: Buffer) => {
      if (!readable) return;
      scanner.push(bytes);
      try {
        for (let message = scanner.take(); message !== undefined; message = scanner.take()) {
          const reply = this.#answer(decodeMessage(message));
          if (unanswered === undefined && !(reply instanceof Promise)) {
            write(socket, reply);
            continue;
          }
          const turn = (unanswered ?? Promise.resolve())
            .then(() => reply)
            .then((chunks) => write(socket, chunks))
            .finally(() => {
              if (unanswered === turn) unanswered = undefined;
            });
          unanswered = turn;
        }
      } catch {
        // Only a ProtocolError can come here: this is no Thrift, and there is nobody to answer.
        readable = false;
        if (unanswered === undefined) socket.destroy();
        else void unanswered.then(() => socket.destroy());
      }
    });
  }

  #answer(message: Message): Chunks | Promise<Chunks> {
    const { name, seqid } = message;
    if (message.type !== 'call' && message.type !== 'oneway')
      throw new ExtensionError('protocol', 'not a call');
    switch (name) {
      case 'ping':
        return seqid === 0 ? this.#pong : this.#encodePong(seqid);
      case 'call': {
        const args = new Extension_call_args();
        args.read(message.body);
        const reply = this.#call(args);
        return reply instanceof Promise
          ? reply.then((settled) => this.#encodeReply(seqid, settled))
          : this.#encodeReply(seqid, reply);
      }
      case 'shutdown':
        setImmediate(() => this.#handlers.shutdown());
        return encode('shutdown', 'reply', seqid, new Extension_shutdown_result());
      default: {
        const exception = new ApplicationException(`Invalid method name: '${name}'`, unknownMethod);
        return encode(name, 'exception', seqid, exception);
      }
    }
  }

  /** Whatever goes wrong in a plugin is a status with a message. */
  #call({ registry, item, request }: Extension_call_args): PluginReply | Promise<PluginReply> {
    try {
      const bytes = (request ?? emptyRequest) as PluginRequest;
      const reply = this.#handlers.call(registry ?? '', item ?? '', bytes);
      return isPromise(reply)
        ? Promise.resolve(reply).catch((error: unknown) => failure(textOf(error)))
        : reply;
    } catch (error) {
      return failure(textOf(error));
    }
  }

  #encodePong(seqid: number): Chunks {
    const success = new ExtensionStatus({ code: 0, message: 'pong', uuid: this.#uuid });
    return encode('ping', 'reply', seqid, new Extension_ping_result({ success }));
  }

  #encodeReply(seqid: number, reply: PluginReply): Chunks {
    try {
      if (reply === ok && seqid === 0) return this.#plainOk;
      return encode('call', 'reply', seqid, new CallResult(reply, this.#uuid));
    } catch (error) {
      const excuse = failure(`the answer cannot be written: ${textOf(error)}`);
      return encode('call', 'reply', seqid, new CallResult(excuse, this.#uuid));
    }
  }
}

function bindError(path: string, error: NodeJS.ErrnoException): ExtensionError {
  // EACCES also stands for a directory that is not there.
  const why =
    error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS'
      ? `no permission to create it; run as the user of osqueryd (usually root), who may write in ${dirname(path)}`
      : error.message;
  return new ExtensionError('socket', `cannot listen at ${path}: ${why}`, { cause: error });
}

function encode(
  name: string,
  type: MessageType,
  seqid: number,
  struct: Pick<ThriftStruct, 'write'>,
): readonly Uint8Array[] {
  return encodeChunks({ name, type, seqid }, struct);
}

/** The result of `call`, written without a detour through the generated classes: replies may have many rows. */
class CallResult {
  readonly #reply: PluginReply;
  readonly #uuid: number;

  constructor(reply: PluginReply, uuid: number) {
    this.#reply = reply;
    this.#uuid = uuid;
  }

  write(output: ThriftOutput): void {
    const { code, message, rows } = this.#reply;
    output.writeFieldBegin('success', T.struct, 0);
    output.writeFieldBegin('status', T.struct, 1);
    new ExtensionStatus({ code, message, uuid: this.#uuid }).write(output);
    output.writeFieldBegin('response', T.list, 2);
    output.writeListBegin(T.map, rows.length);
    for (const row of rows) {
      output.writeMapBegin(T.string, T.string, row.size);
      for (const [key, value] of row) {
        output.writeString(key);
        if (typeof value === 'string') output.writeString(value);
        else output.writeBinary(value);
      }
    }
    output.writeFieldStop();
    output.writeFieldStop();
  }
}

function write(socket: Socket, chunks: readonly Uint8Array[]): void {
  if (socket.destroyed) return;
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) {
    socket.write(only);
    return;
  }
  socket.cork();
  for (const chunk of chunks) socket.write(chunk);
  socket.uncork();
}
