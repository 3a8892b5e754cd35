import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock/index.ts';
import type { Change, Database, StoredNode } from '../store/index.ts';
import { isDue, type QueryResult, type StoredQuery } from './query.ts';
import type { WrittenResult } from './write-body.ts';

/** A new ad-hoc query. */
export interface NewQuery {
  readonly sql: string;
  /** Ids of the nodes that it is for; default all. */
  readonly nodes?: readonly string[];
  readonly discovery?: string;
  readonly accelerateS?: number;
  /** How long it is offered. */
  readonly lifetimeMs: number;
}

export type WriteOutcome = 'stored' | 'repeated' | 'unknown';

/** Gets each result when it is stored, and `undefined` when the query was cancelled. */
export type Watcher = (result: QueryResult | undefined) => void;

interface Entry {
  readonly query: StoredQuery;
  readonly answered: Set<string>;
  readonly leases: Map<string, number>;
  readonly watchers: Set<Watcher>;
}

const queryPrefix = 'query!';
const resultPrefix = 'result!';

/** Queries and results go this long after a query expired. */
const retentionMs = 24 * 3_600_000;

/**
 * Ad-hoc queries and their results. The first result of a node counts; what it repeats is dropped, so that a write is
 * idempotent on (query id, node). Leases are kept in memory: after a restart what is unanswered is delivered again.
 */
export class QueryStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #entries = new Map<string, Entry>();

  private constructor(database: Database, clock: Clock, leaseMs: number) {
    this.#database = database;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  static async open(database: Database, clock: Clock, leaseMs: number): Promise<QueryStore> {
    const store = new QueryStore(database, clock, leaseMs);
    for await (const [, value] of database.entries(queryPrefix)) store.#add(JSON.parse(value));
    for await (const [key] of database.entries(resultPrefix)) {
      const [query = '', node = ''] = key.split('!');
      store.#entries.get(query)?.answered.add(node);
    }
    await store.prune();
    return store;
  }

  all(): StoredQuery[] {
    return [...this.#entries.values()].map(({ query }) => query);
  }

  get(id: string): StoredQuery | undefined {
    return this.#entries.get(id)?.query;
  }

  /** @param known ids of the nodes that there are, from which an answer is awaited. */
  async create(wanted: NewQuery, known: readonly string[]): Promise<StoredQuery> {
    const now = this.#clock.now();
    const query: StoredQuery = {
      id: randomUUID(),
      sql: wanted.sql,
      nodes: wanted.nodes ?? null,
      awaited: wanted.nodes ?? known,
      ...(wanted.discovery === undefined ? {} : { discovery: wanted.discovery }),
      ...(wanted.accelerateS === undefined ? {} : { accelerateS: wanted.accelerateS }),
      createdAt: now,
      expiresAt: now + wanted.lifetimeMs,
    };
    await this.#database.write([
      { type: 'put', key: `${queryPrefix}${query.id}`, value: JSON.stringify(query) },
    ]);
    this.#add(query);
    return query;
  }

  /** Ends a query now, as if it had expired. */
  async cancel(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const query = { ...entry.query, expiresAt: Math.min(entry.query.expiresAt, this.#clock.now()) };
    this.#entries.set(id, { ...entry, query });
    await this.#database.write([{ type: 'put', key: `${queryPrefix}${id}`, value: JSON.stringify(query) }]);
    for (const watcher of entry.watchers) watcher(undefined);
  }

  /** The queries that a node gets now, and leases them to it. */
  lease(node: StoredNode): { readonly query: StoredQuery; readonly again: boolean }[] {
    const now = this.#clock.now();
    const due: { query: StoredQuery; again: boolean }[] = [];
    for (const { query, answered, leases } of this.#entries.values()) {
      const leasedUntil = leases.get(node.id);
      if (!isDue(query, node.id, { answered: answered.has(node.id), leasedUntil }, now)) continue;
      leases.set(node.id, now + this.#leaseMs);
      due.push({ query, again: leasedUntil !== undefined });
    }
    return due;
  }

  /**
   * Stores what a node wrote, all of it at once. Resolves when it is stored.
   * @returns for each result, in order, what became of it.
   */
  async write(node: StoredNode, results: readonly WrittenResult[]): Promise<WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    const changes: Change[] = [];
    const fresh: { at: number; entry: Entry; result: QueryResult }[] = [];
    for (const [at, written] of results.entries()) {
      const entry = this.#entries.get(written.query);
      if (entry === undefined || !isFor(entry.query, node)) outcomes.push('unknown');
      else if (entry.answered.has(node.id)) outcomes.push('repeated');
      else {
        const result = { ...written, node: node.hostIdentifier, receivedAt: this.#clock.now() };
        const key = `${resultPrefix}${written.query}!${node.id}`;
        changes.push({ type: 'put', key, value: JSON.stringify(result) });
        fresh.push({ at, entry, result });
        outcomes.push('stored');
      }
    }
    if (changes.length > 0) await this.#database.write(changes);
    for (const { at, entry, result } of fresh) {
      // The same write may have come twice at the same time; both wrote the same key.
      if (entry.answered.has(node.id)) outcomes[at] = 'repeated';
      else this.#answer(entry, node, result);
    }
    return outcomes;
  }

  /** The stored results of a query. */
  async *results(id: string): AsyncGenerator<QueryResult> {
    for await (const [, value] of this.#database.entries(`${resultPrefix}${id}!`)) yield JSON.parse(value);
  }

  /** @returns a function that ends it. */
  watch(id: string, watcher: Watcher): () => void {
    const watchers = this.#entries.get(id)?.watchers;
    watchers?.add(watcher);
    return () => watchers?.delete(watcher);
  }

  /** Ids of the nodes whose answer is still awaited. */
  missing(id: string): string[] {
    const entry = this.#entries.get(id);
    return entry === undefined ? [] : entry.query.awaited.filter((node) => !entry.answered.has(node));
  }

  /** Removes queries that expired long ago, and their results. */
  async prune(): Promise<void> {
    const changes: Change[] = [];
    for (const { query, answered } of this.#entries.values()) {
      if (this.#clock.now() < query.expiresAt + retentionMs) continue;
      this.#entries.delete(query.id);
      changes.push({ type: 'del', key: `${queryPrefix}${query.id}` });
      for (const node of answered) changes.push({ type: 'del', key: `${resultPrefix}${query.id}!${node}` });
    }
    if (changes.length > 0) await this.#database.write(changes);
  }

  #answer(entry: Entry, node: StoredNode, result: QueryResult): void {
    entry.answered.add(node.id);
    entry.leases.delete(node.id);
    for (const watcher of entry.watchers) watcher(result);
  }

  #add(query: StoredQuery): void {
    this.#entries.set(query.id, { query, answered: new Set(), leases: new Map(), watchers: new Set() });
  }
}

function isFor(query: StoredQuery, node: StoredNode): boolean {
  return query.nodes === null || query.nodes.includes(node.id);
}
