import type { Database } from './database.ts';
import type { ByteString, DifferentialState, Row, Value } from './engine/index.ts';

/** What the next execution of a differential query is compared with. It outlives the worker. */
export class QueryStates {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(name: ByteString): DifferentialState | undefined {
    const stored = this.#database.get('queries', name);
    if (stored === undefined) return undefined;
    const { rows, ...state }: Stored = JSON.parse(stored);
    return {
      ...state,
      rows: rows.map((row) => new Map(row.map(([column, value]) => [column, fromStored(value)]))),
    };
  }

  set(name: ByteString, { rows, ...state }: DifferentialState): void {
    const stored: Stored = {
      ...state,
      rows: rows.map((row: Row) => [...row].map(([column, value]) => [column, toStored(value)])),
    };
    this.#database.put('queries', name, JSON.stringify(stored));
  }
}

/** JSON has neither 64-bit integers nor all doubles: the type is written in front. */
type StoredValue = readonly [type: 'i' | 'd' | 't', text: string];

interface Stored extends Omit<DifferentialState, 'rows'> {
  readonly rows: readonly (readonly (readonly [ByteString, StoredValue])[])[];
}

function toStored(value: Value): StoredValue {
  if (typeof value === 'string') return ['t', value];
  return typeof value === 'bigint' ? ['i', String(value)] : ['d', String(value)];
}

function fromStored([type, text]: StoredValue): Value {
  if (type === 't') return text;
  return type === 'i' ? BigInt(text) : Number(text);
}
