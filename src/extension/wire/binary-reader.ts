import type { ThriftInput } from '../../../thrift/protocol.d.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeText } from './text.ts';
import { fixedSize, maxDepth, T } from './types.ts';

/**
 * Reads the values of one complete message. The objects that `readFieldBegin`, `readMapBegin` and `readListBegin`
 * return are used again by the next call of the same method; generated code takes what it needs at once.
 *
 * Binaries are views into the message, not copies.
 * @throws {ProtocolError} when the bytes are no message, or end too soon.
 */
export class BinaryReader implements ThriftInput {
  readonly bytes: Buffer;
  #at: number;
  readonly #field = { ftype: 0, fid: 0 };
  readonly #size = { size: 0 };

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.#at = at;
  }

  /** Where the next value begins. */
  get position(): number {
    return this.#at;
  }

  readStructBegin(): void {}

  readStructEnd(): void {}

  readFieldBegin(): { ftype: number; fid: number } {
    const ftype = this.readByte();
    this.#field.ftype = ftype;
    if (ftype !== T.stop) this.#field.fid = this.bytes.readInt16BE(this.#advance(2));
    return this.#field;
  }

  readFieldEnd(): void {}

  readMapBegin(): { size: number } {
    this.#advance(2);
    return this.#readSize(2);
  }

  readMapEnd(): void {}

  readListBegin(): { size: number } {
    this.#advance(1);
    return this.#readSize(1);
  }

  readListEnd(): void {}

  readByte(): number {
    return this.bytes.readUInt8(this.#advance(1));
  }

  readI32(): number {
    return this.bytes.readInt32BE(this.#advance(4));
  }

  /** @throws {ProtocolError} above 2^53; ids of osquery are below 2^16. */
  readI64(): number {
    const value = this.bytes.readBigInt64BE(this.#advance(8));
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new ProtocolError(`the integer ${value} is too large`);
    return number;
  }

  readString(): string {
    const length = this.#readLength();
    const start = this.#advance(length);
    return length <= maxInterned
      ? intern(this.bytes, start, length)
      : decodeText(this.bytes, start, start + length);
  }

  readBinary(): Buffer {
    const length = this.#readLength();
    const start = this.#advance(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A binary as text: what it would be as a string. */
  readText(): string {
    const length = this.#readLength();
    const start = this.#advance(length);
    return decodeText(this.bytes, start, start + length);
  }

  skip(type: number): void {
    this.#skip(type, 0);
  }

  #skip(type: number, depth: number): void {
    if (depth > maxDepth) throw new ProtocolError('the message is nested too deeply');
    const size = fixedSize[type] ?? 0;
    if (size > 0) {
      this.#advance(size);
    } else if (type === T.string) {
      this.#advance(this.#readLength());
    } else if (type === T.struct) {
      for (let field = this.readFieldBegin(); field.ftype !== T.stop; field = this.readFieldBegin()) {
        this.#skip(field.ftype, depth + 1);
      }
    } else if (type === T.map) {
      const keyType = this.readByte();
      const valueType = this.readByte();
      for (let n = this.#readSize(2).size; n > 0; n--) {
        this.#skip(keyType, depth + 1);
        this.#skip(valueType, depth + 1);
      }
    } else if (type === T.list || type === T.set) {
      const elementType = this.readByte();
      for (let n = this.#readSize(1).size; n > 0; n--) this.#skip(elementType, depth + 1);
    } else {
      throw new ProtocolError(`unknown type ${type}`);
    }
  }

  #readLength(): number {
    const length = this.bytes.readInt32BE(this.#advance(4));
    if (length < 0) throw new ProtocolError('a string has a negative length');
    return length;
  }

  #readSize(elementBytes: number): { size: number } {
    const size = this.readI32();
    if (size < 0 || size * elementBytes > this.bytes.length - this.#at) {
      throw new ProtocolError(`a container claims ${size} elements, more than its message holds`);
    }
    this.#size.size = size;
    return this.#size;
  }

  /** Returns the position before moving on, after checking that so many bytes are there. */
  #advance(count: number): number {
    const start = this.#at;
    if (count > this.bytes.length - start) throw new ProtocolError('the message ends too soon');
    this.#at = start + count;
    return start;
  }
}

/**
 * Names of columns, keys and plugins come again in every row and call: the string that was made of the same bytes
 * before is used again. A slot is found by a few bytes and checked against all of them.
 */
const maxInterned = 32;
const slots: ({ bytes: Buffer; text: string } | undefined)[] = new Array(1024);

function intern(bytes: Buffer, start: number, length: number): string {
  if (length === 0) return '';
  const first = bytes[start] ?? 0;
  const middle = bytes[start + (length >> 1)] ?? 0;
  const last = bytes[start + length - 1] ?? 0;
  const index = (first * 31 + middle * 131 + last * 7 + length * 61) & 1023;
  const slot = slots[index];
  if (slot !== undefined && sameBytes(slot.bytes, bytes, start, length)) return slot.text;
  const text = decodeText(bytes, start, start + length);
  slots[index] = { bytes: Buffer.from(bytes.subarray(start, start + length)), text };
  return text;
}

function sameBytes(known: Buffer, bytes: Buffer, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
