import { type Columns, columnOf } from './columns.ts';

/** A value that a statement writes into a column. Integers that a number cannot hold come as `bigint`. */
export type WrittenValue = string | number | bigint | null;

/** The values of one row, by column. */
export type WrittenRow<C extends Columns> = { readonly [Name in keyof C]: WrittenValue };

const plain = /-?\d[\d.eE+-]*|true|false|null/y;

/**
 * Reads `json_value_array`: the values of a row in the order of the columns, and one more for each alias of a column.
 * Not by `JSON.parse` as a whole, which rounds large integers.
 * @throws {Error} when it does not fit the columns.
 */
export function parseWrittenValues<C extends Columns>(json: string, columns: C): WrittenRow<C> {
  const values = tokensOf(json);
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

/** The values as they are written. Not by one expression: a long string would exhaust its stack. */
function tokensOf(json: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < json.length; ) {
    let end = at + 1;
    if (json[at] === '"') {
      end = endOfString(json, at);
      tokens.push(json.slice(at, end));
    } else {
      plain.lastIndex = at;
      const [token] = plain.exec(json) ?? [];
      if (token !== undefined) tokens.push(token);
      end = at + (token?.length ?? 1);
    }
    at = end;
  }
  return tokens;
}

/** Where the string that begins at `start` ends: after the first quote with an even number of backslashes before it. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = json.indexOf('"', at);
    if (at === -1) return json.length;
    let slashes = 0;
    while (json[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}
