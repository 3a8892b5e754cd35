import { createHash } from 'node:crypto';
import type { DistributedReadReply } from '../../api.ts';
import type { Outbox } from '../outbox/index.ts';
import type { RemoteApi } from '../remote-api.ts';
import { splitResults } from './split-results.ts';

const keyMs = 50_000;
/** Ids that were handed out and not answered yet; osqueryd never has that many. */
const maxHanded = 10_000;

export interface RemoteDistributedOptions {
  readonly api: RemoteApi;
  readonly outbox: Outbox;
  readonly signal: AbortSignal;
}

/**
 * Ad-hoc queries. Results go into the outbox and osqueryd is told that they have arrived: it would otherwise keep them
 * all in memory while the server is away. Servers offer a query until it is answered, so a query of which the result
 * waits here is not run again.
 */
export class RemoteDistributed {
  readonly #options: RemoteDistributedOptions;
  /** What was handed to osqueryd last, by id: the tag of its SQL. */
  readonly #handed = new Map<string, string>();

  constructor(options: RemoteDistributedOptions) {
    this.#options = options;
  }

  /** @throws {Error} with the reason; osqueryd asks again after its interval. */
  async getQueries(): Promise<Uint8Array | string> {
    const { api, signal } = this.#options;
    let { outcome } = await api.call({ endpoint: 'distributed_read' }, { keyMs, signal });
    if (outcome.kind === 'node_invalid') {
      ({ outcome } = await api.call({ endpoint: 'distributed_read' }, { keyMs, signal }));
    }
    if (outcome.kind !== 'delivered') throw new Error(outcome.reason);
    return this.#withoutAnswered(outcome.body);
  }

  /** Keeps each query's result until the server has it. */
  writeResults(results: Buffer): void {
    const { outbox } = this.#options;
    const waiting = outbox.waiting();
    for (const { id, bytes } of splitResults(results)) {
      const tag = this.#handed.get(id) ?? '';
      this.#handed.delete(id);
      if (id === '') outbox.append('distributed', 'results', bytes);
      else if (waiting.has(id)) outbox.replaceWaiting(bytes, { key: id, tag });
      else outbox.append('distributed', 'results', bytes, { key: id, tag });
    }
  }

  #withoutAnswered(body: Uint8Array): Uint8Array | string {
    const reply = parse(body);
    if (reply === undefined) return body;
    const waiting = this.#options.outbox.waiting();
    const answered = Object.entries(reply.queries ?? {}).filter(([id, sql]) => {
      const tag = waiting.get(id)?.tag;
      // Without a tag the result is from before a restart of this process: the id has to do.
      return tag !== undefined && (tag === '' || tag === tagOf(sql));
    });
    for (const [id, sql] of Object.entries(reply.queries ?? {})) this.#remember(id, tagOf(sql));
    if (answered.length === 0) return body;
    const left = { ...reply, queries: { ...reply.queries }, discovery: { ...reply.discovery } };
    for (const [id] of answered) {
      delete left.queries[id];
      delete left.discovery[id];
      this.#handed.delete(id);
    }
    return JSON.stringify(left);
  }

  #remember(id: string, tag: string): void {
    this.#handed.delete(id);
    this.#handed.set(id, tag);
    for (const oldest of this.#handed.keys()) {
      if (this.#handed.size <= maxHanded) break;
      this.#handed.delete(oldest);
    }
  }
}

function tagOf(sql: unknown): string {
  return createHash('sha256').update(String(sql)).digest('base64url').slice(0, 22);
}

/** `undefined` when there is nothing to leave out. What makes no sense is left to osqueryd. */
function parse(body: Uint8Array): DistributedReadReply | undefined {
  try {
    const reply = JSON.parse(Buffer.from(body).toString('utf8')) as DistributedReadReply;
    return typeof reply.queries === 'object' && reply.queries !== null && !Array.isArray(reply.queries)
      ? reply
      : undefined;
  } catch {
    return undefined;
  }
}
