import type { StreamName } from '../../api.ts';
import type { AsideLines } from './aside.ts';
import type { Counters } from './counters.ts';
import type { Journal } from './journal/index.ts';

/** A row of the table `remote_outbox`. */
export interface StreamStats {
  readonly stream: StreamName;
  /** Lines that wait, with the ones that the server refused and that are tried again. */
  readonly lines: number;
  /** Bytes that wait, as they stand in the journal. */
  readonly bytes: number;
  /** Age of the oldest waiting record, 0 if none waits. */
  readonly oldestAgeMs: number;
  readonly delivered: number;
  readonly dropped: number;
  /** Lines in quarantine now. */
  readonly quarantined: number;
  readonly batches: number;
  /** Empty if there was none. */
  readonly lastError: string;
  /** Wall-clock milliseconds, 0 for never. */
  readonly lastErrorAt: number;
  readonly lastDeliveredAt: number;
  /** Wall-clock milliseconds before which nothing is sent, undefined while paused or not open. */
  readonly nextAttemptAt: number | undefined;
}

export function streamStats(
  stream: StreamName,
  counters: Counters,
  journal: Journal,
  aside: AsideLines | undefined,
  nextAttemptMs: number | undefined,
  now: number,
): StreamStats {
  const queue = journal.queue(stream);
  const held = aside?.list(stream, 'held') ?? [];
  const oldest = held.reduce((at, entry) => Math.min(at, entry.acceptedAt), queue.oldestAt ?? Infinity);
  return {
    stream,
    lines: queue.lines + held.length,
    bytes: queue.bytes + held.reduce((sum, entry) => sum + entry.size, 0),
    oldestAgeMs: Number.isFinite(oldest) ? Math.max(0, now - oldest) : 0,
    ...counters,
    quarantined: aside?.count(stream, 'quarantined') ?? 0,
    nextAttemptAt: nextAttemptMs === undefined ? undefined : now + nextAttemptMs,
  };
}
