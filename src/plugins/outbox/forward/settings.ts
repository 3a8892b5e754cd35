/** How a stream is drained. Read anew before each decision, since osqueryd's flags can change. */
export interface ForwardSettings {
  /** Milliseconds between batches while there is no backlog (`logger_tls_period`). */
  readonly periodMs: number;
  /** Longest back-off in milliseconds (`logger_tls_backoff_max`). Not above the period: back-off is off, as in osquery. */
  readonly backoffMaxMs: number;
  /** Lines in the first batches (`logger_tls_max_lines`). */
  readonly startLines: number;
  /** Lines that a batch may grow to. */
  readonly maxLines: number;
  /** Bytes of the body in the first batches, uncompressed. */
  readonly startBytes: number;
  /** Bytes that a body may grow to. */
  readonly maxBytes: number;
  /** An answer within this time lets a full batch grow. */
  readonly quickMs: number;
  /** An answer that takes longer makes batches shrink. */
  readonly slowMs: number;
}

export const defaultForwardSettings: ForwardSettings = {
  periodMs: 4000,
  backoffMaxMs: 3_600_000,
  startLines: 1024,
  maxLines: 4096,
  startBytes: 1024 * 1024,
  maxBytes: 2 * 1024 * 1024,
  quickMs: 1000,
  slowMs: 5000,
};
