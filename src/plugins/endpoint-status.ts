import type { Clock } from '../clock/index.ts';
import type { Endpoint, TransportReply } from './transport/index.ts';

/** What became of the calls to one endpoint. */
export interface EndpointStatus {
  readonly endpoint: Endpoint;
  /** Wall-clock milliseconds, 0 for never. */
  readonly lastSuccessAt: number;
  readonly lastErrorAt: number;
  /** Empty if there was none. */
  readonly lastError: string;
  /** Requests made since the start of the process, repeated attempts included. */
  readonly attempts: number;
  /** Of the last call with all its attempts, in milliseconds. */
  readonly latencyMs: number;
}

const endpoints: readonly Endpoint[] = ['enroll', 'config', 'log', 'distributed_read', 'distributed_write'];

/** Keeps the last outcome of each endpoint, for the table `remote_status`. */
export class EndpointStatuses {
  readonly #clock: Clock;
  readonly #statuses: Map<Endpoint, EndpointStatus>;

  constructor(clock: Clock) {
    this.#clock = clock;
    const none = { lastSuccessAt: 0, lastErrorAt: 0, lastError: '', attempts: 0, latencyMs: 0 };
    this.#statuses = new Map(endpoints.map((endpoint) => [endpoint, { endpoint, ...none }]));
  }

  /** @param tookMs of the whole call */
  learn(endpoint: Endpoint, { outcome, attempts }: TransportReply, tookMs: number): void {
    const before = this.#statuses.get(endpoint);
    if (before === undefined) return;
    const now = this.#clock.now();
    const after =
      outcome.kind === 'delivered' ? { lastSuccessAt: now } : { lastErrorAt: now, lastError: outcome.reason };
    this.#statuses.set(endpoint, {
      ...before,
      ...after,
      attempts: before.attempts + attempts,
      latencyMs: tookMs,
    });
  }

  all(): EndpointStatus[] {
    return [...this.#statuses.values()];
  }
}
