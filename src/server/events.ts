import type { Clock } from '../clock/index.ts';

/** The endpoints of the remote API. */
export type Endpoint = 'enroll' | 'config' | 'log' | 'distributed_read' | 'distributed_write';

/**
 * What happens at the server, told apart by `kind`. `node` is the host identifier as the node gave it, unchecked text:
 * clean it before it goes to a terminal. No event carries a secret or a node key.
 */
export type ServerEvent =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'enrolled'; readonly node: string; readonly again: boolean }
  | { readonly kind: 'enroll_refused'; readonly node: string; readonly reason: string }
  /** A request without a valid node key. */
  | { readonly kind: 'node_refused'; readonly endpoint: Endpoint; readonly reason: string }
  | { readonly kind: 'config_loaded'; readonly bytes: number }
  /** The config file cannot be used; the last good config is still served. */
  | { readonly kind: 'config_invalid'; readonly reason: string }
  | { readonly kind: 'config_served'; readonly node: string; readonly bytes: number }
  /** `lines` were in the request, `repeated` of them had been received before. `bytes` is the body, inflated. */
  | {
      readonly kind: 'log_received';
      readonly node: string;
      readonly stream: 'result' | 'status';
      readonly lines: number;
      readonly repeated: number;
      readonly bytes: number;
    }
  /** A log file was cut back to what had been acknowledged, or is shorter than that. */
  | { readonly kind: 'log_repaired'; readonly file: string; readonly reason: string }
  | { readonly kind: 'query_created'; readonly query: string; readonly sql: string; readonly nodes: number }
  /** `again`: it was delivered before, and no result came within the lease. */
  | {
      readonly kind: 'query_delivered';
      readonly node: string;
      readonly query: string;
      readonly again: boolean;
    }
  | {
      readonly kind: 'result_received';
      readonly node: string;
      readonly query: string;
      readonly status: number;
      readonly message: string;
      readonly rows: number;
      readonly repeated: boolean;
    }
  /** A result for a query that the server does not know or that was not meant for this node. */
  | { readonly kind: 'result_ignored'; readonly node: string; readonly query: string }
  | { readonly kind: 'bad_request'; readonly place: string; readonly status: number; readonly reason: string }
  | { readonly kind: 'server_error'; readonly place: string; readonly reason: string }
  | { readonly kind: 'fault_injected'; readonly endpoint: Endpoint; readonly fault: string };

/** An event and its wall-clock time in milliseconds. */
export type TimedEvent = ServerEvent & { readonly at: number };

type OfKind<K extends ServerEvent['kind']> = Extract<TimedEvent, { kind: K }>;

/** Events that `seen` holds at most; the oldest go first. */
const maxSeen = 10_000;

/** Tells observers what happens, and remembers the latest 10,000 events for those who come late. */
export class ServerEvents {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: TimedEvent) => void>();
  #seen: TimedEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What happened so far, oldest first. */
  get seen(): readonly TimedEvent[] {
    return this.#seen.slice(-maxSeen);
  }

  emit(event: ServerEvent): void {
    const timed = { ...event, at: this.#clock.now() };
    this.#seen.push(timed);
    if (this.#seen.length >= 2 * maxSeen) this.#seen = this.#seen.slice(-maxSeen);
    for (const listener of [...this.#listeners]) {
      try {
        listener(timed);
      } catch (error) {
        // An observer must not fail the request that it observes.
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: (event: TimedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves with the first event of this kind that `accept` takes, also if it happened already.
   * @throws {unknown} `signal.reason`, when `signal` is aborted first.
   */
  waitFor<K extends ServerEvent['kind']>(
    kind: K,
    accept: (event: OfKind<K>) => boolean = () => true,
    signal?: AbortSignal,
  ): Promise<OfKind<K>> {
    const fits = (event: TimedEvent): event is OfKind<K> => event.kind === kind && accept(event as OfKind<K>);
    const past = this.seen.find(fits);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        stop();
        reject(signal?.reason);
      };
      const stop = this.subscribe((event) => {
        if (!fits(event)) return;
        stop();
        signal?.removeEventListener('abort', onAbort);
        resolve(event);
      });
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
