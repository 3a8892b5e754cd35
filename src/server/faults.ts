import type { IncomingHttpHeaders } from 'node:http';
import type { Endpoint } from './events.ts';

/** A request as an interceptor sees it: read and inflated, not yet looked into. */
export interface InterceptedRequest {
  readonly method: string;
  /** Path and query as sent; may hold a secret. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** An answer instead of the server's own. */
export interface FaultReply {
  /** Default 200. */
  readonly status?: number;
  /** Default `Content-Type: application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default empty. */
  readonly body?: string | Uint8Array;
  /** The request is processed first as always, and only its answer replaced. Default false. */
  readonly afterProcessing?: boolean;
}

/**
 * What goes wrong with one request:
 * - `reset`: the connection is cut, the request not processed.
 * - `hang`: no answer, the connection stays open until the client or `close` ends it.
 * - `reset_after`, `hang_after`: the same, but the request is processed first: the lost reply.
 */
export type Fault = FaultReply | 'reset' | 'hang' | 'reset_after' | 'hang_after';

/** Decides for each request whether something goes wrong. */
export type Intercept = (
  endpoint: Endpoint,
  request: InterceptedRequest,
) => Fault | undefined | Promise<Fault | undefined>;

/** Faults for the next requests. */
export interface FaultRule {
  /** Default any. */
  readonly endpoint?: Endpoint;
  readonly fault: Fault;
  /** To how many requests; default 1. */
  readonly times?: number;
  /** Requests that the rule is for; default all. */
  readonly when?: (request: InterceptedRequest) => boolean;
}

/** Faults by script: for each request the first rule that fits and is not used up. */
export class FaultScript {
  #rules: { readonly rule: FaultRule; left: number }[] = [];

  add(...rules: readonly FaultRule[]): void {
    for (const rule of rules) this.#rules.push({ rule, left: rule.times ?? 1 });
  }

  clear(): void {
    this.#rules = [];
  }

  next(endpoint: Endpoint, request: InterceptedRequest): Fault | undefined {
    const entry = this.#rules.find(
      ({ rule, left }) =>
        left > 0 && (rule.endpoint ?? endpoint) === endpoint && (rule.when?.(request) ?? true),
    );
    if (entry === undefined) return undefined;
    entry.left--;
    if (entry.left === 0) this.#rules = this.#rules.filter((other) => other !== entry);
    return entry.rule.fault;
  }
}
