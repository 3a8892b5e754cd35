import { decodeText } from '../wire/index.ts';

/** Operators of constraints by osquery's numbers (`ConstraintOperator` in `core/tables.h`). */
const operators = {
  2: '=',
  4: '>',
  8: '<=',
  16: '<',
  32: '>=',
  64: 'MATCH',
  65: 'LIKE',
  66: 'GLOB',
  67: 'REGEXP',
} as const;

export type Operator = (typeof operators)[keyof typeof operators];

/** A part of the WHERE clause. osquery applies it to your rows as well: you may use it, you need not. */
export interface Constraint {
  readonly operator: Operator;
  /** As text, whatever the type of the column. */
  readonly value: string;
}

/** What a query wants of a table. */
export class QueryContext<Name extends string = string> {
  /** The columns that the query uses; `undefined` when it may be all. */
  readonly columnsUsed: ReadonlySet<Name> | undefined;
  readonly #constraints: ReadonlyMap<string, readonly Constraint[]>;

  constructor(
    constraints: ReadonlyMap<string, readonly Constraint[]>,
    columnsUsed: ReadonlySet<Name> | undefined,
  ) {
    this.#constraints = constraints;
    this.columnsUsed = columnsUsed;
  }

  /** The constraints of a column, all of which rows have to meet. */
  constraints(column: Name): readonly Constraint[] {
    return this.#constraints.get(column) ?? [];
  }

  /** The values that a column is to be equal to (`column = 'x'`, and each of `column IN (...)` in calls of their own). */
  equals(column: Name): string[] {
    return this.constraints(column)
      .filter(({ operator }) => operator === '=')
      .map(({ value }) => value);
  }

  /** Whether the query uses the column. */
  uses(column: Name): boolean {
    return this.columnsUsed === undefined || this.columnsUsed.has(column);
  }
}

interface ContextJson {
  readonly constraints?: unknown;
  readonly colsUsed?: unknown;
}

/**
 * Reads the `context` of a request. Operators that it does not know (as those of LIMIT, OFFSET and <>, which osquery
 * hands on by SQLite's numbers) are left out; a context that cannot be read is one without constraints.
 */
export function parseContext<Name extends string>(context: Buffer | undefined): QueryContext<Name> {
  const json = context === undefined ? {} : readJson(context);
  const constraints = new Map<string, Constraint[]>();
  for (const { name, list } of objectsOf(json.constraints)) {
    const known: Constraint[] = [];
    // An old osqueryd writes an empty list as an empty string.
    for (const { op, expr } of objectsOf(list)) {
      const operator = operators[Number(op) as keyof typeof operators];
      if (operator !== undefined) known.push({ operator, value: String(expr ?? '') });
    }
    constraints.set(String(name), known);
  }
  const used = Array.isArray(json.colsUsed) ? new Set(json.colsUsed as readonly Name[]) : undefined;
  return new QueryContext(constraints, used);
}

function objectsOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}

function readJson(context: Buffer): ContextJson {
  try {
    return (JSON.parse(decodeText(context)) ?? {}) as ContextJson;
  } catch {
    return {};
  }
}
