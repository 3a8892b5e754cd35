import type { Clock } from '../clock/index.ts';
import { withAdvice } from './advice.ts';
import type { Complaints } from './complaints.ts';
import type { EndpointStatuses } from './endpoint-status.ts';
import type { Enrollment } from './enrollment/index.ts';
import type { Transport, TransportReply, TransportRequest, TransportSettings } from './transport/index.ts';

/** A request that still needs its node key. */
type Keyless = TransportRequest extends infer R
  ? R extends { readonly nodeKey: string }
    ? Omit<R, 'nodeKey'>
    : never
  : never;

export interface CallLimits {
  /** How long to wait for a node key, in milliseconds. */
  readonly keyMs: number;
  readonly signal: AbortSignal;
}

/** `keyless`: nothing was sent for want of a node key, of which the enrollment has told. */
export type ApiReply = TransportReply & { readonly keyless?: true };

export interface RemoteApiOptions {
  readonly transport: Transport;
  readonly settings: () => TransportSettings;
  readonly enrollment: Enrollment;
  readonly statuses: EndpointStatuses;
  readonly complaints: Complaints;
  readonly clock: Clock;
  /** Aborted when all ends: what fails from then on is not worth a word. */
  readonly ending: AbortSignal;
}

/** The server's endpoints with the node key put in: refusals go to the enrollment, outcomes to the status table. */
export class RemoteApi {
  readonly #options: RemoteApiOptions;

  constructor(options: RemoteApiOptions) {
    this.#options = options;
  }

  /**
   * Makes one call. Without a node key in time the outcome is `retry`.
   * @throws {unknown} `signal.reason`
   */
  async call(request: Keyless, { keyMs, signal }: CallLimits): Promise<ApiReply> {
    const { enrollment } = this.#options;
    const obtained = await enrollment.obtain({ maxWaitMs: keyMs, signal });
    if (obtained.kind === 'none') {
      return { outcome: { kind: 'retry', reason: obtained.reason }, attempts: 0, keyless: true };
    }
    const keyed = { ...request, nodeKey: obtained.key } as TransportRequest;
    const reply = await this.send(keyed, signal);
    if (reply.outcome.kind === 'node_invalid') enrollment.refused(obtained.key, reply.outcome.reason);
    return reply;
  }

  /** Makes one call as it is. */
  async send(request: TransportRequest, signal: AbortSignal): Promise<TransportReply> {
    const { transport, settings, statuses, complaints, clock, ending } = this.#options;
    const start = clock.monotonic();
    const reply = withAdvice(await transport.request(request, signal), request.endpoint, settings());
    statuses.learn(request.endpoint, reply, clock.monotonic() - start);
    // Who enrolls, or wants a configuration or a pack, tells of it with what follows.
    if (request.endpoint === 'enroll' || request.endpoint === 'config' || ending.aborted) return reply;
    if (reply.outcome.kind === 'delivered') complaints.over(request.endpoint);
    else complaints.about(request.endpoint, reply.outcome.reason);
    return reply;
  }
}
