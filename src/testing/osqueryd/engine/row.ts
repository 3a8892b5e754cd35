import { type ByteString, compareBytes } from './bytes.ts';

/** An SQLite value after core has read it: INTEGER, REAL, or text. NULL is already the text of `--nullvalue`. */
export type Value = bigint | number | ByteString;

/** One row of a result, columns in the order of the SELECT list. Of two columns of one name the last one stays. */
export type Row = ReadonlyMap<ByteString, Value>;

/**
 * A value as text, as in plugin calls, log lines and distributed results: doubles with 15 significant digits and
 * always a point (`3.0`, `10000000000.0`, `1e+20.0`), as recorded and as in core's `castVariant`.
 */
export function valueText(value: Value): ByteString {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return value.toString();
  const text = generalFormat(value, 15);
  return text.includes('.') ? text : `${text}.0`;
}

/** All values as text. */
export function rowText(row: Row): Map<ByteString, ByteString> {
  return new Map([...row].map(([name, value]) => [name, valueText(value)]));
}

/** The row with its columns in byte order, as core's `std::map` holds it. */
export function sortedRow(row: Row): Map<ByteString, Value> {
  return new Map([...row].sort(([a], [b]) => compareBytes(a, b)));
}

/** The order in which core lists removed rows: column by column, in byte order of the names; by type, then by value. */
export function compareRows(a: Row, b: Row): number {
  const left = [...sortedRow(a)];
  const right = [...sortedRow(b)];
  for (const [i, [name, value]] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    const order = compareBytes(name, other[0]) || compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Equal for rows that core would call equal: same columns, same types, same values. */
export function rowKey(row: Row): string {
  return JSON.stringify(
    [...sortedRow(row)].map(([name, value]) => [name, typeRank(value), valueIdentity(value)]),
  );
}

function compareValues(a: Value, b: Value): number {
  const rank = typeRank(a) - typeRank(b);
  if (rank !== 0) return rank;
  return a < b ? -1 : a > b ? 1 : 0;
}

function typeRank(value: Value): number {
  return typeof value === 'bigint' ? 0 : typeof value === 'number' ? 1 : 2;
}

function valueIdentity(value: Value): string {
  return typeof value === 'number' ? String(value) : value.toString();
}

/** C's `%.<digits>g`. */
function generalFormat(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '0', power = '0'] = value.toExponential(digits - 1).split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+';
    return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return withoutTrailingZeros(value.toFixed(digits - 1 - exponent));
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
