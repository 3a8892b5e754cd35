import { createServer, type Server, type Socket } from 'node:net';
import {
  Extension_call_args,
  Extension_ping_result,
  Extension_shutdown_result,
  ExtensionStatus,
} from '#thrift';
import type { ThriftOutput } from '../../thrift/protocol.d.ts';
import { ExtensionError, textOf } from './errors.ts';
import { failure, type PluginReply, type PluginRequest } from './plugin.ts';
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
  readonly uuid: number;
  readonly #handlers: ExtensionHandlers;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The common replies, ready to be written: `ping`, and a call that went well without rows, by seqid 0. */
  readonly #pong: Chunks;
  readonly #plainOk: Chunks;

  constructor(uuid: number, handlers: ExtensionHandlers) {
    this.uuid = uuid;
    this.#handlers = handlers;
    this.#pong = this.#encodePong(0);
    this.#plainOk = this.#encodeReply(0, { code: 0, message: 'OK', rows: [] });
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** @throws {ExtensionError} `socket`, when the path cannot be bound. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException) =>
        reject(new ExtensionError('socket', `cannot listen at ${path}: ${error.message}`, { cause: error }));
      this.#server.once('error', refuse);
      this.#server.listen({ path, backlog: 511 }, () => {
        this.#server.off('error', refuse);
        // Accepting can fail for want of file descriptors. The next connection may go well.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** Accepts no more connections, and takes the socket file away. Calls under way still get their answers. */
  retire(): void {
    this.#server.close();
  }

  /** Ends all connections and takes the socket file away. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
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
      // osqueryd closes a connection when it has its reply: nobody reads what we would still write.
      if (unanswered === undefined) socket.destroy();
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
      return reply instanceof Promise ? reply.catch((error: unknown) => failure(textOf(error))) : reply;
    } catch (error) {
      return failure(textOf(error));
    }
  }

  #encodePong(seqid: number): Chunks {
    const success = new ExtensionStatus({ code: 0, message: 'pong', uuid: this.uuid });
    return encode('ping', 'reply', seqid, new Extension_ping_result({ success }));
  }

  #encodeReply(seqid: number, reply: PluginReply): Chunks {
    const isPlain = reply.code === 0 && reply.message === 'OK' && reply.rows.length === 0 && seqid === 0;
    if (isPlain && this.#plainOk !== undefined) return this.#plainOk;
    try {
      return encode('call', 'reply', seqid, new CallResult(reply, this.uuid));
    } catch (error) {
      const excuse = failure(`the answer cannot be written: ${textOf(error)}`);
      return encode('call', 'reply', seqid, new CallResult(excuse, this.uuid));
    }
  }
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
