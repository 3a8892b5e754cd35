import { type BinaryReader, decodeText, T } from './wire/index.ts';

/** A row of a query: text by column. The order of the columns is lost on osqueryd's side. */
export type QueryRow = Readonly<Record<string, string>>;

export interface StatusAndRows<R> {
  readonly code: number;
  readonly message: string;
  readonly rows: R[];
}

/** Reads a result that holds an `ExtensionResponse`, making of each row what the caller wants. */
export function readResponse<R>(body: BinaryReader, readRow: (body: BinaryReader) => R): StatusAndRows<R> {
  const result: StatusAndRows<R> & { code: number; message: string } = { code: 0, message: '', rows: [] };
  eachField(body, (id, type) => {
    if (id !== 0 || type !== T.struct) return false;
    eachField(body, (fieldId, fieldType) => {
      if (fieldId === 1 && fieldType === T.struct) readStatus(body, result);
      else if (fieldId === 2 && fieldType === T.list) {
        const elementType = body.bytes[body.position];
        const { size } = body.readListBegin();
        for (let i = 0; i < size; i++) {
          if (elementType === T.map) result.rows.push(readRow(body));
          else body.skip(elementType ?? 0);
        }
      } else return false;
      return true;
    });
    return true;
  });
  return result;
}

/** Reads `ExtensionStatus`, of which the id says nothing. */
function readStatus(body: BinaryReader, status: { code: number; message: string }): void {
  eachField(body, (id, type) => {
    if (id === 1 && type === T.i32) status.code = body.readI32();
    else if (id === 2 && type === T.string) status.message = body.readText();
    else return false;
    return true;
  });
}

/** A row as a plain object: a column may be called anything, `__proto__` included. */
export function readObject(body: BinaryReader): QueryRow {
  const row: Record<string, string> = {};
  const { size } = body.readMapBegin();
  for (let n = size; n > 0; n--) {
    const key = body.readString();
    const value = body.readText();
    if (key === '__proto__')
      Object.defineProperty(row, key, { value, enumerable: true, writable: true, configurable: true });
    else row[key] = value;
  }
  return row;
}

/** A row with its bytes. */
export function readMap(body: BinaryReader): Map<string, Buffer> {
  const row = new Map<string, Buffer>();
  const { size } = body.readMapBegin();
  for (let n = size; n > 0; n--) row.set(body.readString(), body.readBinary());
  return row;
}

/** Text of a value, with the bytes that are not UTF-8 kept as lone surrogates. */
export function textOfValue(value: Buffer | undefined): string | undefined {
  return value === undefined ? undefined : decodeText(value);
}

/** Goes through the fields of a struct; what `read` does not take (false) is passed over. */
function eachField(body: BinaryReader, read: (id: number, type: number) => boolean): void {
  for (;;) {
    const { ftype, fid } = body.readFieldBegin();
    if (ftype === T.stop) return;
    if (!read(fid, ftype)) body.skip(ftype);
  }
}
