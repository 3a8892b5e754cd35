// Thrift's binary protocol, as little of it as the bench needs. It is written apart from `src/extension`, so that what
// is measured is not driven by itself. A struct decodes to a Map from field id to value.

export const type = {
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  list: 15,
};
const messageType = { call: 1, reply: 2, exception: 3 };

export const i32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const i64 = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

export const string = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([i32(bytes.length), bytes]);
};

export const field = (fieldType, id, value) =>
  Buffer.concat([Buffer.of(fieldType, id >> 8, id & 255), value]);

export const struct = (...fields) => Buffer.concat([...fields, Buffer.of(0)]);

/** `entries`: pairs of encoded key and encoded value. */
export const map = (keyType, valueType, entries) =>
  Buffer.concat([Buffer.of(keyType, valueType), i32(entries.length), ...entries.flat()]);

export const stringMap = (object) =>
  map(
    type.string,
    type.string,
    Object.entries(object).map(([key, value]) => [string(key), string(value)]),
  );

export const list = (elementType, elements) =>
  Buffer.concat([Buffer.of(elementType), i32(elements.length), ...elements]);

export function message(kind, name, body, seqid = 0) {
  return Buffer.concat([Buffer.of(0x80, 1, 0, messageType[kind]), string(name), i32(seqid), body]);
}

export const status = (code, text, uuid = 0) =>
  struct(field(type.i32, 1, i32(code)), field(type.string, 2, string(text)), field(type.i64, 3, i64(uuid)));

/** An `ExtensionResponse`; `rows` as an encoded list of maps. */
export const response = (code, text, rows = list(type.map, [])) =>
  struct(field(type.struct, 1, status(code, text)), field(type.list, 2, rows));

/** The result struct of a method: its value is field 0. */
export const result = (valueType, value) => struct(field(valueType, 0, value));

/**
 * The message at the start of `bytes`, or undefined when more bytes are needed. Reads from the start each time, so it
 * is for small messages only.
 * @returns {{ name: string, kind: number, seqid: number, body: Map<number, unknown> } | undefined}
 */
export function decode(bytes) {
  let at = 0;
  const advance = (count) => {
    if (at + count > bytes.length) throw new NeedMore();
    at += count;
    return at - count;
  };
  const readInt = () => bytes.readInt32BE(advance(4));
  const readString = () => {
    const length = readInt();
    const start = advance(length);
    return bytes.toString('utf8', start, start + length);
  };
  const times = (count, read) => Array.from({ length: count }, read);
  const readers = {
    [type.bool]: () => bytes[advance(1)] === 1,
    [type.byte]: () => bytes[advance(1)],
    [type.double]: () => bytes.readDoubleBE(advance(8)),
    [type.i16]: () => bytes.readInt16BE(advance(2)),
    [type.i32]: readInt,
    [type.i64]: () => Number(bytes.readBigInt64BE(advance(8))),
    [type.string]: readString,
    [type.struct]: () => {
      const fields = new Map();
      for (;;) {
        const fieldType = bytes[advance(1)];
        if (fieldType === 0) return fields;
        const id = bytes.readInt16BE(advance(2));
        fields.set(id, readers[fieldType]());
      }
    },
    [type.map]: () => {
      const key = readers[bytes[advance(1)]];
      const value = readers[bytes[advance(1)]];
      return new Map(times(readInt(), () => [key?.(), value?.()]));
    },
    [type.list]: () => {
      const element = readers[bytes[advance(1)]];
      return times(readInt(), () => element?.());
    },
  };
  try {
    const kind = readInt() & 255;
    const name = readString();
    const seqid = readInt();
    return { kind, name, seqid, body: readers[type.struct]() };
  } catch (error) {
    if (error instanceof NeedMore) return undefined;
    throw error;
  }
}

class NeedMore extends Error {}
