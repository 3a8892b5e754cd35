import { type ByteString, compareBytes } from './bytes.ts';
import { jsonString } from './json-writer.ts';
import { allColumns, ColumnOption, type Route, type RouteColumn } from './route.ts';

/** A condition that SQLite hands to the table, as in `constraints` of the `context`. */
export interface Constraint {
  readonly column: number;
  readonly op: number;
}

/** SQLite's constraint codes: `>` 4, `<=` 8, `<` 16, `>=` 32. */
const ORDER_OPERATORS = new Set([4, 8, 16, 32]);

const OFFSET = 74;

/** Whether core takes a condition on this column up: it must be one that tables can use, and not an order of texts. */
export function isTaken(column: RouteColumn | undefined, op: number): boolean {
  if (column === undefined) return false;
  if (column.type === 'TEXT' && ORDER_OPERATORS.has(op)) return false;
  return (column.options & (ColumnOption.INDEX | ColumnOption.REQUIRED | ColumnOption.ADDITIONAL)) !== 0;
}

/** Whether the conditions name a required column, or there is none. */
export function satisfiesRequired(route: Route, constraints: readonly Constraint[]): boolean {
  const required = (index: number) => ((route.columns[index]?.options ?? 0) & ColumnOption.REQUIRED) !== 0;
  return (
    !route.columns.some((_, index) => required(index)) || constraints.some(({ column }) => required(column))
  );
}

/**
 * The `context` of a `generate` call, byte for byte as core writes it but for the order of `colsUsed`, which there is
 * that of a hash table.
 * @param values right-hand sides as text; null and empty ones are left out, as core does.
 * @param shownAliases aliases whose column core still knows by its own name: reading an alias once makes core forget it.
 */
export function contextText(
  route: Route,
  constraints: readonly Constraint[],
  values: ReadonlyArray<ByteString | null>,
  columnsUsed: bigint,
  shownAliases: (name: ByteString) => boolean,
): ByteString {
  const columns = allColumns(route);
  const given = constraints
    .map((constraint, i) => ({ ...constraint, value: values[i] ?? '' }))
    .filter(({ value }) => value !== '')
    // Core's SQLite names LIMIT before OFFSET, newer ones the other way round.
    .sort((a, b) => Number(a.op === OFFSET) - Number(b.op === OFFSET));
  const lists = columns
    .map(({ name, type }, index) => ({ name, type, index }))
    .filter(({ index, name }) => index < route.columns.length || shownAliases(name))
    .sort((a, b) => compareBytes(a.name, b.name))
    .map(({ name, type, index }) => {
      const list = given
        .filter(({ column }) => column === index)
        .map(({ op, value }) => `{"op":${op},"expr":${jsonString(value)}}`);
      return `{"name":${jsonString(name)},"list":[${list.join(',')}],"affinity":"${type}"}`;
    });
  const used = new Set<ByteString>();
  let bitset = columnsUsed;
  for (const [index, { name }] of columns.entries()) {
    const bit = 1n << BigInt(Math.min(index, 63));
    if ((columnsUsed & bit) === 0n) continue;
    const target = route.columnAliases.find((alias) => alias.name === name)?.target;
    used.add(target ?? name);
    if (target === undefined || !shownAliases(name)) continue;
    const column = route.columns.findIndex((other) => other.name === target);
    if (column !== -1) bitset = (bitset & ~bit) | (1n << BigInt(column));
  }
  const names = [...used].reverse().map(jsonString);
  return `{"constraints":[${lists.join(',')}],"colsUsed":[${names.join(',')}],"colsUsedBitset":${bitset}}`;
}
