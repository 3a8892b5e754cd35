import { connect, type Socket } from 'node:net';
import { type LiteMessage, readMessage } from '../stand-in/thrift-lite.ts';

/** Thrift values of the few types that the protocol uses. Text is bytes, one character each. */
export type Wire =
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly text: string }
  | { readonly struct: readonly (readonly [id: number, value: Wire])[] }
  | { readonly map: readonly (readonly [Wire, Wire])[]; readonly keys: number; readonly values: number }
  | { readonly list: readonly Wire[]; readonly of: number };

export const wireTypes = { i32: 8, i64: 10, text: 11, struct: 12, map: 13, list: 15 } as const;

const call = 1;
export const reply = 2;

export function textMap(entries: Iterable<readonly [string, string]>): Wire {
  const map = [...entries].map(([key, value]) => [{ text: key }, { text: value }] as const);
  return { map, keys: wireTypes.text, values: wireTypes.text };
}

/** One message with a strict header, as osqueryd writes it. */
export function encode(
  name: string,
  type: number,
  seqid: number,
  body: Extract<Wire, { struct: unknown }>,
): Buffer {
  const parts: Buffer[] = [];
  parts.push(int32(0x80010000 | type), ...text(name), int32(seqid));
  write(parts, body);
  return Buffer.concat(parts);
}

function write(parts: Buffer[], value: Wire): void {
  if ('i32' in value) parts.push(int32(value.i32));
  else if ('i64' in value) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value.i64));
    parts.push(bytes);
  } else if ('text' in value) parts.push(...text(value.text));
  else if ('struct' in value) {
    for (const [id, field] of value.struct) {
      parts.push(Buffer.from([typeOf(field), id >> 8, id & 0xff]));
      write(parts, field);
    }
    parts.push(Buffer.from([0]));
  } else if ('map' in value) {
    parts.push(Buffer.from([value.keys, value.values]), int32(value.map.length));
    for (const [key, one] of value.map) {
      write(parts, key);
      write(parts, one);
    }
  } else {
    parts.push(Buffer.from([value.of]), int32(value.list.length));
    for (const one of value.list) write(parts, one);
  }
}

function typeOf(value: Wire): number {
  if ('i32' in value) return wireTypes.i32;
  if ('i64' in value) return wireTypes.i64;
  if ('text' in value) return wireTypes.text;
  if ('struct' in value) return wireTypes.struct;
  return 'map' in value ? wireTypes.map : wireTypes.list;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

function text(value: string): Buffer[] {
  return [int32(value.length), Buffer.from(value, 'latin1')];
}

/** What came of one call on a connection of its own. */
export type CallResult =
  | { readonly kind: 'answer'; readonly message: LiteMessage }
  /** Nobody took the connection: the call was not made. */
  | { readonly kind: 'not connected'; readonly reason: string }
  /** The call may have been received. */
  | { readonly kind: 'no answer'; readonly reason: string };

/** Makes one call on a connection of its own, as osqueryd does, and closes it. */
export function callOnce(
  path: string,
  name: string,
  args: Extract<Wire, { struct: unknown }>,
  limitMs: number,
): Promise<CallResult> {
  return new Promise((resolve) => {
    const socket: Socket = connect(path);
    let connected = false;
    let held: Buffer = Buffer.alloc(0);
    const finish = (result: CallResult) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish({ kind: 'no answer', reason: 'timed out' }), limitMs);
    const fail = (reason: string) => finish({ kind: connected ? 'no answer' : 'not connected', reason });
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('closed'));
    socket.on('connect', () => {
      connected = true;
      socket.write(encode(name, call, 0, args));
    });
    socket.on('data', (piece) => {
      held = held.length === 0 ? piece : Buffer.concat([held, piece]);
      try {
        const message = readMessage(held);
        if (message !== undefined) finish({ kind: 'answer', message });
      } catch (error) {
        fail(String(error));
      }
    });
  });
}
