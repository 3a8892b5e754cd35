import { createHash } from 'node:crypto';
import type { Clock } from '../../../clock/index.ts';
import type { ByteString } from './bytes.ts';
import { readReply } from './distributed-reply.ts';
import { type DistributedResult, resultsText } from './distributed-results.ts';
import type { QueryResult } from './sql-engine.ts';
import type { StatusEvent } from './status-line.ts';

/** The part of core's database that distributed queries use. Domains are those of core. */
export interface DistributedStore {
  get(domain: string, key: ByteString): ByteString | undefined;
  put(domain: string, key: ByteString, value: ByteString): void;
  remove(domain: string, key: ByteString): void;
  /** All keys of a domain. */
  keys(domain: string): readonly ByteString[];
}

/** What distributed queries need from core. */
export interface DistributedHost {
  readonly clock: Clock;
  readonly store: DistributedStore;
  readonly status: (event: StatusEvent) => void;
  /** Rows with the order of the columns, as `SqlEngine.queryWithColumns`. */
  query(sql: ByteString): Promise<QueryResult>;
  /** `--distributed_denylist_duration` in seconds, default 86400. */
  denylistDuration(): number;
  /** `--distributed_loginfo`, default false. */
  logInfo(): boolean;
  /** Processor times (ms) and memory (bytes) of this process; the default is to report zeros. */
  usage?(): { readonly userMs: number; readonly systemMs: number; readonly memory: number };
}

const PENDING = 'distributed';
const RUNNING = 'distributed_running';
const EXPIRES = 'distributed_accelerate_checkins_expire';

/** Seconds between polls while accelerated. */
const ACCELERATED_INTERVAL = 5;

/**
 * Distributed queries as core runs them (F of the protocol). One round is: `accept` the answer of `getQueries` (when
 * there was one), `runPending`, send `results()` if there are any and tell `sent`, pause for `pauseSeconds`.
 */
export class DistributedRunner {
  readonly #host: DistributedHost;
  #results: DistributedResult[] = [];

  constructor(host: DistributedHost) {
    this.#host = host;
  }

  /** Takes work over: discovery queries run now, queries are stored, acceleration starts. */
  async accept(text: ByteString): Promise<void> {
    const reply = readReply(text);
    if (reply === undefined || reply.broken === 'discovery') return;
    const skipped = new Set<ByteString>();
    for (const [id, sql] of reply.discovery) {
      const result = await this.#host.query(sql);
      if ('error' in result) return;
      if (result.rows.length === 0) skipped.add(id);
      else skipped.delete(id);
    }
    for (const [id, sql] of reply.queries) {
      if (!skipped.has(id)) this.#host.store.put(PENDING, id, sql);
    }
    if (reply.broken === undefined) this.#accelerate(reply.accelerate);
  }

  /** Runs all pending queries in byte order of their ids. Each is forgotten before it starts. */
  async runPending(): Promise<void> {
    for (const id of [...this.#host.store.keys(PENDING)].sort()) {
      const sql = this.#host.store.get(PENDING, id);
      this.#host.store.remove(PENDING, id);
      if (sql === undefined) continue;
      const result = await this.#run(id, sql);
      this.#results = [...this.#results.filter((other) => other.id !== id), result];
    }
    this.#cleanDenylist();
  }

  /** The `results` value for `writeResults`: everything not sent yet; undefined when there is nothing. */
  results(): ByteString | undefined {
    return this.#results.length === 0 ? undefined : resultsText(this.#results);
  }

  /** To be told about each `writeResults`: only after success are results forgotten. */
  sent(success: boolean): void {
    if (success) this.#results = [];
  }

  /**
   * The pause before the next round, in seconds.
   * @param interval `--distributed_interval`, default 60.
   */
  pauseSeconds(interval: number): number {
    const expires = Number(this.#host.store.get('configurations', EXPIRES) ?? 0);
    return this.#now() > expires ? interval : ACCELERATED_INTERVAL;
  }

  async #run(id: ByteString, sql: ByteString): Promise<DistributedResult> {
    const { store } = this.#host;
    const mark = createHash('sha256').update(Buffer.from(sql, 'latin1')).digest('hex');
    if (store.get(RUNNING, mark) !== undefined) {
      const message = 'distributed query is denylisted';
      this.#log(2, 164, `Not executing distributed denylisted query: "${sql}"`);
      return { id, status: 1, message, columns: [], rows: [], stats: undefined };
    }
    store.put(RUNNING, mark, String(this.#now()));
    const verbose = this.#host.logInfo() ? {} : ({ verbose: true } as const);
    this.#log(0, 173, `Executing distributed query: ${id}: ${sql}`, verbose);
    const { result, stats } = await this.#measured(() => this.#host.query(sql));
    store.remove(RUNNING, mark);
    if (!('error' in result)) return { id, status: 0, message: '', ...result, stats };
    this.#log(2, 187, `Error executing distributed query: ${id}: ${result.error}`);
    return { id, status: 1, message: result.error, columns: [], rows: [], stats };
  }

  async #measured(run: () => Promise<QueryResult>) {
    const { clock, usage = () => ({ userMs: 0, systemMs: 0, memory: 0 }) } = this.#host;
    const startedAt = clock.monotonic();
    const before = usage();
    const result = await run();
    const after = usage();
    const stats = {
      wallTimeMs: Math.floor(clock.monotonic() - startedAt),
      userTime: after.userMs - before.userMs,
      systemTime: after.systemMs - before.systemMs,
      memory: Math.max(0, after.memory - before.memory),
    };
    return { result, stats };
  }

  #accelerate(seconds: number | 'not an integer' | undefined): void {
    if (seconds === 'not an integer') {
      this.#log(0, 358, 'Failed to Accelerate: Timeframe is not an integer', { verbose: true });
    } else if (seconds !== undefined) {
      this.#log(0, 352, `Accelerating distributed query checkins for ${seconds} seconds`);
      this.#host.store.put('configurations', EXPIRES, String(this.#now() + seconds));
    }
  }

  #cleanDenylist(): void {
    const { store } = this.#host;
    for (const mark of store.keys(RUNNING)) {
      const startedAt = Number(store.get(RUNNING, mark) ?? 0);
      if (this.#now() - startedAt > this.#host.denylistDuration()) store.remove(RUNNING, mark);
    }
  }

  #now(): number {
    return Math.floor(this.#host.clock.now() / 1000);
  }

  #log(
    severity: StatusEvent['severity'],
    line: number,
    message: ByteString,
    verbose: Pick<StatusEvent, 'verbose'> = {},
  ): void {
    this.#host.status({ severity, file: 'distributed.cpp', line, message, ...verbose });
  }
}
