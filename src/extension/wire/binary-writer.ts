import type { ThriftOutput } from '../../../thrift/protocol.d.ts';
import { encodeText } from './text.ts';
import { T } from './types.ts';

const firstPageBytes = 512;
const pageBytes = 64 * 1024;
/** A binary of at least this size is handed on as it is instead of being copied into a page. */
const referenceBytes = 16 * 1024;

/** Writes one message as a list of chunks, in which large binaries are the caller's own bytes. */
export class BinaryWriter implements ThriftOutput {
  readonly #chunks: Uint8Array[] = [];
  #page = Buffer.allocUnsafe(firstPageBytes);
  #at = 0;

  /** The message in order. The writer is spent afterwards. */
  chunks(): Uint8Array[] {
    this.#endPage(0);
    return this.#chunks;
  }

  writeStructBegin(): void {}

  writeStructEnd(): void {}

  writeFieldBegin(_name: string, type: number, id: number): void {
    this.#reserve(3);
    this.#page[this.#at] = type;
    this.#page.writeInt16BE(id, this.#at + 1);
    this.#at += 3;
  }

  writeFieldEnd(): void {}

  writeFieldStop(): void {
    this.writeByte(T.stop);
  }

  writeMapBegin(keyType: number, valueType: number, size: number): void {
    this.writeByte(keyType);
    this.writeByte(valueType);
    this.writeI32(size);
  }

  writeMapEnd(): void {}

  writeListBegin(elementType: number, size: number): void {
    this.writeByte(elementType);
    this.writeI32(size);
  }

  writeListEnd(): void {}

  writeByte(value: number): void {
    this.#reserve(1);
    this.#page[this.#at++] = value;
  }

  writeI32(value: number): void {
    this.#reserve(4);
    this.#at = this.#page.writeInt32BE(value, this.#at);
  }

  writeI64(value: number): void {
    this.#reserve(8);
    this.#at = this.#page.writeBigInt64BE(BigInt(value), this.#at);
  }

  writeString(value: string): void {
    const most = value.length * 3 + 4;
    if (most > referenceBytes || !value.isWellFormed()) {
      this.writeBinary(encodeText(value));
      return;
    }
    this.#reserve(most);
    const written = this.#page.write(value, this.#at + 4, 'utf8');
    this.#page.writeInt32BE(written, this.#at);
    this.#at += 4 + written;
  }

  writeBinary(value: Uint8Array): void {
    this.writeI32(value.length);
    if (value.length >= referenceBytes) {
      this.#endPage(pageBytes);
      this.#chunks.push(value);
    } else {
      this.#reserve(value.length);
      this.#page.set(value, this.#at);
      this.#at += value.length;
    }
  }

  #reserve(count: number): void {
    if (this.#at + count > this.#page.length) this.#endPage(Math.max(pageBytes, count));
  }

  #endPage(nextBytes: number): void {
    if (this.#at > 0) this.#chunks.push(this.#page.subarray(0, this.#at));
    const rest = this.#page.subarray(this.#at);
    this.#page = rest.length >= nextBytes ? rest : Buffer.allocUnsafe(nextBytes);
    this.#at = 0;
  }
}
