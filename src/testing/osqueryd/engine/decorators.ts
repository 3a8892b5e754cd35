import { type ByteString, compareBytes } from './bytes.ts';
import { isArray, isObject, type JsonValue, member } from './json-reader.ts';
import { valueText } from './row.ts';
import type { QueryResult } from './sql-engine.ts';
import type { StatusSink } from './status-line.ts';

/** When decorators run: at load of their source, before every scheduled query, or at multiples of their interval. */
export type DecorationPoint = 'load' | 'always' | { readonly second: number };

interface Decorators {
  readonly load: readonly ByteString[];
  readonly always: readonly ByteString[];
  readonly interval: ReadonlyArray<{ readonly seconds: number; readonly queries: readonly ByteString[] }>;
}

/** The decorators of all sources and the values they have brought so far. */
export class DecoratorSet {
  readonly #query: (sql: ByteString) => Promise<QueryResult>;
  readonly #status: StatusSink;
  readonly #decorators = new Map<ByteString, Decorators>();
  readonly #values = new Map<ByteString, Map<ByteString, ByteString>>();

  constructor(query: (sql: ByteString) => Promise<QueryResult>, status: StatusSink) {
    this.#query = query;
    this.#status = status;
  }

  /** Replaces the decorators of a source, forgets its values and runs those of kind `load`. */
  async update(source: ByteString, config: JsonValue | undefined): Promise<void> {
    this.#values.delete(source);
    this.#decorators.delete(source);
    if (!isObject(config)) return;
    const interval = member(config, 'interval');
    this.#decorators.set(source, {
      load: strings(member(config, 'load')),
      always: strings(member(config, 'always')),
      interval: isObject(interval) ? interval.members.flatMap((entry) => this.#interval(entry)) : [],
    });
    await this.#run(source, 'load');
  }

  /** Runs the decorators of all sources that are due at `point`. */
  async run(point: DecorationPoint): Promise<void> {
    for (const source of this.#sources()) await this.#run(source, point);
  }

  /** All values, as log lines carry them. A name of a later source hides that of an earlier one. */
  values(): Map<ByteString, ByteString> {
    return new Map(this.#sources().flatMap((source) => [...(this.#values.get(source) ?? [])]));
  }

  #sources(): ByteString[] {
    return [...this.#decorators.keys()].sort(compareBytes);
  }

  #interval([name, queries]: readonly [ByteString, JsonValue]): Decorators['interval'] {
    const seconds = /^\d+$/.test(name) ? Number(name) : 0;
    if (seconds === 0 || seconds % 60 !== 0) {
      const message = `Invalid decorator interval rate ${name} in config source: `;
      this.#status({ severity: 1, file: 'decorators.cpp', line: 187, message });
      return [];
    }
    return [{ seconds, queries: strings(queries) }];
  }

  async #run(source: ByteString, point: DecorationPoint): Promise<void> {
    const decorators = this.#decorators.get(source);
    if (decorators === undefined) return;
    const due =
      point === 'load' || point === 'always'
        ? decorators[point]
        : decorators.interval
            .filter(({ seconds }) => point.second % seconds === 0)
            .flatMap(({ queries }) => queries);
    for (const sql of due) await this.#decorate(source, sql);
  }

  async #decorate(source: ByteString, sql: ByteString): Promise<void> {
    const result = await this.#query(sql);
    if ('error' in result) {
      const message = `Failed to run decorator query: ${sql}: ${result.error}`;
      this.#status({ severity: 2, file: 'decorators.cpp', line: 213, message });
      return;
    }
    const values = this.#values.get(source) ?? new Map<ByteString, ByteString>();
    for (const [name, value] of result.rows[0] ?? []) values.set(name, valueText(value));
    this.#values.set(source, values);
  }
}

function strings(value: JsonValue | undefined): ByteString[] {
  if (typeof value === 'string') return [value];
  return isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
