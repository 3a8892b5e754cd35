import type { StreamName } from '../../api.ts';

/**
 * How the bytes of a record become lines. The outbox never looks inside a record; who delivers it does.
 * - `line`: one result line or snapshot, as osqueryd handed it over.
 * - `rows`: a differential batch line (`logger_event_type=false`) that is to be written out as one event line per row.
 * - `statuses`: the JSON array of one `status` call, one status line per element.
 * - `results`: the JSON text of one `writeResults` call, or a part of it.
 */
export type RecordKind = 'line' | 'rows' | 'statuses' | 'results';

/** The place of a line: the number of its record under the writer id, and its row in the record. Both count on. */
export interface LinePosition {
  /** Starts at 1 under each writer id. */
  readonly record: number;
  /** Starts at 0 in each record. */
  readonly row: number;
}

/** Records of one stream and one writer id, in order, ready to be delivered. */
export interface Batch {
  readonly stream: StreamName;
  /** Random id of the opening of the store under which the records were written. */
  readonly writer: string;
  readonly records: readonly BatchRecord[];
  /** Rows of the first record that are already done. */
  readonly firstRow: number;
  /** Deliver at most so many lines ... */
  readonly maxLines: number;
  /** ... and a body of at most so many bytes (uncompressed), but always at least one line. */
  readonly maxBytes: number;
}

export interface BatchRecord {
  readonly number: number;
  readonly kind: RecordKind;
  readonly bytes: Uint8Array;
  /** Wall-clock milliseconds at which osqueryd handed it over. */
  readonly acceptedAt: number;
}

/** What became of a batch. `next` is the first line that was not part of the request: rows count inside a record. */
export interface Delivery {
  readonly answer: DeliveryAnswer;
  /** Lines that were in the request. 0 when every record turned out empty: then no request was made. */
  readonly lines: number;
  /** Lines before `next` that the user's own code keeps on the host. They count as delivered. Default none. */
  readonly dropped?: number;
  /** Bytes of the body before compression. */
  readonly bytes: number;
  readonly next: LinePosition;
  /** Lines that never go to the server: longer than `logger_tls_max_linesize`, or not JSON. For the quarantine. */
  readonly unfit: readonly UnfitLine[];
}

export interface UnfitLine extends LinePosition {
  readonly reason: string;
  readonly bytes: Uint8Array;
}

export type DeliveryAnswer =
  | { readonly kind: 'delivered' }
  /** The server refuses a body of this size (413). */
  | { readonly kind: 'too_large'; readonly reason: string }
  /** The server refuses this content (400 and its like). */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** Anything that may pass: server away, 5xx, 429, no node key. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number };

/** Delivers a batch. Never rejects, except with `signal.reason` when it is aborted. */
export type Deliver = (batch: Batch, signal: AbortSignal) => Promise<Delivery>;
