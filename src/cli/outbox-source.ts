/** The outbox cannot be reached, or does not do what is asked. The message is one line and says what to do. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
}

/** A row of the table `remote_outbox`. Times are unix seconds, ages seconds. */
export interface StreamRow {
  readonly stream: string;
  readonly lines: number;
  readonly bytes: number;
  readonly oldest_age: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly quarantined: number;
  readonly batches: number;
  readonly last_error: string;
  readonly last_error_time: number | null;
  readonly last_delivered_time: number | null;
  /** `null` while nothing is sent. */
  readonly next_attempt: number | null;
}

/** A row of the table `remote_quarantine`, without the line itself. */
export interface QuarantineRow {
  readonly id: number;
  readonly stream: string;
  readonly reason: string;
  readonly accepted_time: number | null;
  readonly quarantined_time: number | null;
  readonly bytes: number;
}

/** The outbox of this host, wherever it is asked. Everything throws `OutboxError`. */
export interface OutboxSource {
  streams(): Promise<StreamRow[]>;
  /** @param id only this line */
  quarantine(id?: number): Promise<QuarantineRow[]>;
  /** The record that the line belongs to; `undefined` when there is no such line. */
  read(id: number): Promise<string | undefined>;
  /** @returns false when there is no such line. */
  replay(id: number): Promise<boolean>;
  remove(id: number): Promise<boolean>;
  close(): Promise<void>;
}
