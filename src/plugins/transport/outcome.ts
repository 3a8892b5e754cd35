import type { LinePosition, UnfitLine } from '../outbox/index.ts';

/** What the server's answer to one request means, after all attempts. */
export type Outcome =
  /**
   * Done. `body` is the config without `node_invalid`, the reply of a distributed read, or for an enrollment the node key
   * itself as UTF-8 (blank only when a client certificate is in use); empty for the endpoints whose reply says nothing.
   */
  | { readonly kind: 'delivered'; readonly body: Uint8Array }
  /** The server does not know the node key that the request carried. */
  | { readonly kind: 'node_invalid'; readonly reason: string }
  /** The body of a log or a distributed write was too large for the server (413 that is about size). */
  | { readonly kind: 'too_large'; readonly reason: string }
  /** The server understood the request and will not take its content (400, 415, 422), whatever the endpoint. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /**
   * The server refuses this client: an enrollment without a key in the answer, or 401 and 403 that do not say
   * `node_invalid`.
   */
  | { readonly kind: 'refused'; readonly reason: string; readonly afterMs?: number }
  /** Anything that may pass. `afterMs` where the server said when (`Retry-After`). */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number };

/** An outcome, and for `log` what of the batch was in the request. */
export interface TransportReply {
  readonly outcome: Outcome;
  /** Attempts made, at least 1 unless nothing was to be sent. */
  readonly attempts: number;
  readonly batch?: {
    /** Lines in the request. */
    readonly lines: number;
    /** Lines before `next` that the line hook of the user dropped: done with, and in no request. */
    readonly dropped: number;
    readonly bytes: number;
    readonly next: LinePosition;
    readonly unfit: readonly UnfitLine[];
  };
}
