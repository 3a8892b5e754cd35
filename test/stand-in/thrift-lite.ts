/** A value of any Thrift type. Strings are bytes, one character each; structs are keyed by field id. */
export type LiteValue = number | string | LiteValue[] | LiteMap | LiteStruct;
export interface LiteMap {
  readonly entries: [LiteValue, LiteValue][];
}
export type LiteStruct = ReadonlyMap<number, LiteValue>;

export interface LiteMessage {
  readonly name: string;
  /** 1 call, 2 reply, 3 exception, 4 oneway. */
  readonly type: number;
  readonly seqid: number;
  readonly body: LiteStruct;
  /** Bytes that the message took. */
  readonly length: number;
}

class TooShort extends Error {}

/**
 * Reads one message of Thrift's binary protocol, knowing no method and no struct. It shares nothing with the product,
 * so that it can judge it.
 * @returns `undefined` when the bytes end before the message.
 */
export function readMessage(bytes: Buffer): LiteMessage | undefined {
  try {
    return new Reader(bytes).message();
  } catch (error) {
    if (error instanceof TooShort) return undefined;
    throw error;
  }
}

class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  message(): LiteMessage {
    const first = this.#bytes.readInt32BE(this.#take(4));
    if (first < 0) {
      const type = first & 0xff;
      const name = this.#string();
      return this.#rest(name, type);
    }
    this.#at = 0;
    const name = this.#string();
    return this.#rest(name, this.#bytes.readUInt8(this.#take(1)));
  }

  #rest(name: string, type: number): LiteMessage {
    const seqid = this.#bytes.readInt32BE(this.#take(4));
    const body = this.#struct();
    return { name, type, seqid, body, length: this.#at };
  }

  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw new TooShort();
    this.#at += count;
    return start;
  }

  #string(): string {
    const length = this.#bytes.readInt32BE(this.#take(4));
    const start = this.#take(length);
    return this.#bytes.toString('latin1', start, start + length);
  }

  #struct(): LiteStruct {
    const fields = new Map<number, LiteValue>();
    for (;;) {
      const type = this.#bytes.readUInt8(this.#take(1));
      if (type === 0) return fields;
      const id = this.#bytes.readInt16BE(this.#take(2));
      fields.set(id, this.#value(type));
    }
  }

  #value(type: number): LiteValue {
    switch (type) {
      case 2:
      case 3:
        return this.#bytes.readInt8(this.#take(1));
      case 4:
        return this.#bytes.readDoubleBE(this.#take(8));
      case 6:
        return this.#bytes.readInt16BE(this.#take(2));
      case 8:
        return this.#bytes.readInt32BE(this.#take(4));
      case 10:
        return Number(this.#bytes.readBigInt64BE(this.#take(8)));
      case 11:
        return this.#string();
      case 12:
        return this.#struct();
      case 13: {
        const keys = this.#bytes.readUInt8(this.#take(1));
        const values = this.#bytes.readUInt8(this.#take(1));
        const count = this.#bytes.readInt32BE(this.#take(4));
        const entries: [LiteValue, LiteValue][] = [];
        for (let i = 0; i < count; i++) entries.push([this.#value(keys), this.#value(values)]);
        return { entries };
      }
      case 14:
      case 15: {
        const element = this.#bytes.readUInt8(this.#take(1));
        const count = this.#bytes.readInt32BE(this.#take(4));
        return Array.from({ length: count }, () => this.#value(element));
      }
      default:
        throw new Error(`unknown Thrift type ${type}`);
    }
  }
}

/** A struct's field, or an empty string. */
export function textField(struct: LiteStruct, id: number): string {
  const value = struct.get(id);
  return typeof value === 'string' ? value : '';
}

/** A map's entries as text pairs, in wire order. */
export function textEntries(value: LiteValue | undefined): [string, string][] {
  if (typeof value !== 'object' || !('entries' in value) || typeof value.entries === 'function') return [];
  return value.entries.map(([key, one]) => [String(key), String(one)]);
}

/** Any value as text that shows every byte and the order of maps. */
export function show(value: LiteValue | undefined): string {
  if (value === undefined) return '-';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Map) return `<${[...value].map(([id, one]) => `${id}: ${show(one)}`).join(', ')}>`;
  if ('entries' in value && typeof value.entries !== 'function') {
    return `{${value.entries.map(([key, one]) => `${show(key)}: ${show(one)}`).join(', ')}}`;
  }
  return '?';
}
