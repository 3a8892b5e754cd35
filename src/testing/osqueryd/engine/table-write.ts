import type { ByteString } from './bytes.ts';
import { jsonDouble, jsonString } from './json-writer.ts';
import type { ColumnType } from './route.ts';
import type { TableRow } from './virtual-tables.ts';

/** A value that a statement writes, before core looks at it. Text may hold NUL here. */
export type WrittenValue = null | bigint | number | ByteString | { readonly blob: ByteString };

/** The request of an `insert`, `update` or `delete` call into a table (B.5 of the protocol). */
export type WriteRequest = ReadonlyMap<ByteString, ByteString>;

/** What SQLite wants to do to a table. */
export type TableChange =
  | { readonly action: 'delete'; readonly id: bigint }
  | { readonly action: 'insert'; readonly id: bigint | undefined; readonly values: readonly WrittenValue[] }
  | {
      readonly action: 'update';
      readonly id: bigint;
      readonly newId: bigint;
      readonly values: readonly WrittenValue[];
    };

/** What the answer to a write means. `message` undefined: SQLite's own text for that kind of failure. */
export type WriteOutcome =
  | { readonly kind: 'success'; readonly id: bigint | undefined }
  | { readonly kind: 'failure' | 'readonly' | 'constraint'; readonly message: ByteString | undefined };

/**
 * The request for a change.
 * @param types of all columns, those of aliases included.
 * @returns undefined when a value is not of its column's very type (NULL never is): core refuses it by itself.
 */
export function writeRequest(change: TableChange, types: readonly ColumnType[]): WriteRequest | undefined {
  const request = new Map([
    ['action', change.action],
    ['context', '{"constraints":[]}'],
  ]);
  if (change.action !== 'delete') {
    const values = valuesText(change.values, types);
    if (values === undefined) return undefined;
    request.set('json_value_array', values);
  }
  if (change.action === 'insert') request.set('auto_rowid', String(change.id !== undefined));
  if (change.id !== undefined) request.set('id', String(change.id));
  if (change.action === 'update' && change.newId !== change.id) request.set('new_id', String(change.newId));
  return request;
}

/** Reads the rows of an answer; the status code of the call does not matter to core. */
export function writeOutcome(
  change: TableChange,
  table: ByteString,
  rows: readonly TableRow[],
): WriteOutcome {
  const [row] = rows;
  if (row === undefined || rows.length > 1) return { kind: 'failure', message: undefined };
  switch (row.get('status')) {
    case 'success': {
      if (change.action !== 'insert' || change.id !== undefined) return { kind: 'success', id: change.id };
      const id = row.get('id') ?? '';
      if (!/^-?\d+$/.test(id)) return { kind: 'failure', message: undefined };
      return { kind: 'success', id: BigInt(id) };
    }
    case 'readonly':
      return { kind: 'readonly', message: `table ${table} may not be modified` };
    case 'constraint':
      return { kind: 'constraint', message: undefined };
    default:
      return { kind: 'failure', message: row.get('status') === 'failure' ? row.get('message') : undefined };
  }
}

/** The JSON array of values; it stops dead at an infinite number, as the writer of core does. */
function valuesText(values: readonly WrittenValue[], types: readonly ColumnType[]): ByteString | undefined {
  const parts: ByteString[] = [];
  for (const [i, value] of values.entries()) {
    if (!isOfType(value, types[i] ?? 'UNKNOWN')) return undefined;
    if (typeof value === 'number' && !Number.isFinite(value)) return `[${parts.join(',')},`;
    parts.push(valueJson(value));
  }
  return `[${parts.join(',')}]`;
}

function isOfType(value: WrittenValue, type: ColumnType): boolean {
  if (value === null) return false;
  if (type === 'TEXT') return typeof value === 'string';
  if (type === 'DOUBLE') return typeof value === 'number';
  if (type === 'BLOB') return typeof value === 'object';
  return type !== 'UNKNOWN' && typeof value === 'bigint';
}

function valueJson(value: WrittenValue): ByteString {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return jsonDouble(value);
  return jsonString(typeof value === 'string' ? value : (value?.blob ?? ''));
}
