import { createHash } from 'node:crypto';
import type { Outbox } from '../outbox/index.ts';
import type { RemoteApi } from '../remote-api.ts';
import { splitResults } from './split-results.ts';
import { usableWork } from './usable-work.ts';

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
    return this.#work(outcome.body);
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

  /** The work that is left when what osqueryd cannot take, and what has its answer waiting here, is taken out. */
  #work(body: Uint8Array): Uint8Array | string {
    const reply = parse(body);
    if (reply === undefined) return body;
    const { mended, queries, unusable } = usableWork(reply);
    const waiting = this.#options.outbox.waiting();
    const answered = Object.entries(queries).filter(([id, sql]) => {
      const tag = waiting.get(id)?.tag;
      // Without a tag the result is from before a restart of this process: the id has to do.
      return tag !== undefined && (tag === '' || tag === tagOf(sql));
    });
    for (const [id, sql] of Object.entries(queries)) this.#remember(id, tagOf(sql));
    for (const [id, problem] of unusable) if (!waiting.has(id)) this.#refuse(id, problem);
    if (answered.length === 0) return mended === undefined ? body : JSON.stringify(mended);
    const work = { ...(mended ?? reply) };
    for (const [id] of answered) {
      for (const name of ['queries', 'discovery']) work[name] = without(work[name], id);
      this.#handed.delete(id);
    }
    return JSON.stringify(work);
  }

  /** Tells the server that a query cannot be run, which it would otherwise offer for ever. */
  #refuse(id: string, problem: string): void {
    const results = {
      queries: { [id]: [] },
      statuses: { [id]: 1 },
      messages: { [id]: problem },
      stats: { [id]: {} },
    };
    this.#options.outbox.append('distributed', 'results', Buffer.from(JSON.stringify(results)), {
      key: id,
      tag: tagOf(problem),
    });
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

function tagOf(sql: string): string {
  return createHash('sha256').update(sql).digest('base64url').slice(0, 22);
}

/** The object without a member; nothing if it is none. */
function without(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined;
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));
}

/** `undefined` when it is no object: the transport has seen to that, and a transport module may have given anything. */
function parse(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const reply: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof reply === 'object' && reply !== null && !Array.isArray(reply)
      ? (reply as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
