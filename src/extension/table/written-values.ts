import { type Columns, columnOf } from './columns.ts';

/** A value that a statement writes into a column. Integers that a number cannot hold come as `bigint`. */
export type WrittenValue = string | number | bigint | null;

/** The values of one row, by column. */
export type WrittenRow<C extends Columns> = { readonly [Name in keyof C]: WrittenValue };

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|true|false|null/gs;

/**
 * Reads `json_value_array`: the values of a row in the order of the columns, and one more for each alias of a column.
 * Not by `JSON.parse` as a whole, which
 * rounds large integers.
 * @throws {Error} when it does not fit the columns.
 */
export function parseWrittenValues<C extends Columns>(json: string, columns: C): WrittenRow<C> {
  const values = json.match(token) ?? [];
  const names = Object.keys(columns);
  // Cut off in the midst by an infinite number, which JSON cannot hold.
  if (values.length < names.length) {
    throw new Error(`osqueryd wrote ${values.length} values for ${names.length} columns`);
  }
  const entries = names.map((name, i) => {
    const text = values[i] ?? 'null';
    const isInteger = /^-?\d+$/.test(text) && columnOf(columns[name] ?? 'TEXT').type !== 'DOUBLE';
    const isLarge = isInteger && !Number.isSafeInteger(Number(text));
    return [name, isLarge ? BigInt(text) : (JSON.parse(text) as WrittenValue)];
  });
  return Object.fromEntries(entries);
}
