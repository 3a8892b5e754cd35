import type { ThriftInput, ThriftOutput } from '../../../thrift/protocol.d.ts';
import { BinaryReader } from './binary-reader.ts';
import { BinaryWriter } from './binary-writer.ts';
import { ProtocolError } from './protocol-error.ts';
import { type MessageType, maxNameBytes, messageTypes, strictVersion, T } from './types.ts';

/** One message, its body still to be read by the generated class that belongs to its name. */
export interface Message {
  readonly name: string;
  readonly type: MessageType;
  readonly seqid: number;
  /** Whether the header has a version. Peers may leave it out; what we write always has it. */
  readonly strict: boolean;
  readonly body: BinaryReader;
}

export interface MessageHeader {
  readonly name: string;
  readonly type: MessageType;
  readonly seqid: number;
}

/** A class of `thrift/gen`. */
export interface ThriftStruct {
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}

/**
 * Reads the header of a complete message.
 * @throws {ProtocolError}
 */
export function decodeMessage(bytes: Buffer): Message {
  const body = new BinaryReader(bytes);
  const first = body.readI32();
  if (first >= 0) {
    if (first > maxNameBytes) throw new ProtocolError('this is not the Thrift binary protocol');
    const name = new BinaryReader(bytes).readString();
    const rest = new BinaryReader(bytes, 4 + first);
    const type = messageType(rest.readByte());
    return { name, type, seqid: rest.readI32(), strict: false, body: rest };
  }
  if ((first & 0xffff_0000) >>> 0 !== strictVersion) throw new ProtocolError('unknown protocol version');
  const type = messageType(first & 0xff);
  return { type, name: body.readString(), seqid: body.readI32(), strict: true, body };
}

function messageType(number: number): MessageType {
  const type = messageTypes[number - 1];
  if (type === undefined) throw new ProtocolError(`unknown message type ${number}`);
  return type;
}

/** The chunks of a message, in order; large binaries are not copied. */
export function encodeChunks(header: MessageHeader, struct: Pick<ThriftStruct, 'write'>): Uint8Array[] {
  const writer = new BinaryWriter();
  writer.writeI32(strictVersion | (messageTypes.indexOf(header.type) + 1) | 0);
  writer.writeString(header.name);
  writer.writeI32(header.seqid);
  struct.write(writer);
  return writer.chunks();
}

/** A message in one piece. */
export function encodeMessage(header: MessageHeader, struct: Pick<ThriftStruct, 'write'>): Buffer {
  return Buffer.concat(encodeChunks(header, struct));
}

/** Thrift's own error reply. Kinds: 0 unknown, 1 unknown method, 7 protocol error. */
export class ApplicationException implements ThriftStruct {
  message: string;
  kind: number;

  constructor(message = '', kind = 0) {
    this.message = message;
    this.kind = kind;
  }

  read(input: ThriftInput): void {
    for (let field = input.readFieldBegin(); field.ftype !== T.stop; field = input.readFieldBegin()) {
      if (field.fid === 1 && field.ftype === T.string) this.message = input.readString();
      else if (field.fid === 2 && field.ftype === T.i32) this.kind = input.readI32();
      else input.skip(field.ftype);
    }
  }

  write(output: ThriftOutput): void {
    output.writeFieldBegin('message', T.string, 1);
    output.writeString(this.message);
    output.writeFieldBegin('type', T.i32, 2);
    output.writeI32(this.kind);
    output.writeFieldStop();
  }
}
