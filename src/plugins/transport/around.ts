import type { NodeKeyStore } from './define.ts';
import type { HttpRequest } from './http-request.ts';
import type { LineHook } from './line-hook.ts';
import type { TransportReply } from './outcome.ts';
import type { HttpReply } from './reply.ts';
import type { TransportRequest } from './request.ts';

/** A whole call, with all its attempts. */
export type CallHandler = (request: TransportRequest, signal: AbortSignal) => Promise<TransportReply>;

/** One attempt. Rejects with what kept it from an answer. */
export type AttemptHandler = (request: HttpRequest, signal: AbortSignal) => Promise<HttpReply>;

/** Takes values that must not show up in a text about this attempt. */
export type Hide = (values: readonly string[]) => void;

/** The places where other code can stand. */
export interface Around {
  call(next: CallHandler): CallHandler;
  attempt(next: AttemptHandler, hide: Hide): AttemptHandler;
  secret?(): string | Promise<string>;
  readonly nodeKey?: NodeKeyStore;
  readonly line?: LineHook;
  /** There is something else than HTTPS, which needs no host name. */
  readonly replacesHttps?: boolean;
}

export const nothingAround: Around = { call: (next) => next, attempt: (next) => next };
