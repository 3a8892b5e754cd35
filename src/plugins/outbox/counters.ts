/** What has happened to the lines of a stream, over all openings of the store. */
export interface Counters {
  delivered: number;
  dropped: number;
  /** Requests that the server took. */
  batches: number;
  lastError: string;
  /** Wall-clock milliseconds, 0 for never. */
  lastErrorAt: number;
  lastDeliveredAt: number;
}

export function newCounters(): Counters {
  return { delivered: 0, dropped: 0, batches: 0, lastError: '', lastErrorAt: 0, lastDeliveredAt: 0 };
}
