import { type Plugin, tablePlugin } from '../../extension/index.ts';
import type { Outbox } from '../outbox/index.ts';

/** `SELECT * FROM remote_outbox`: is anything stuck? One row per stream. Times are unix seconds, ages seconds. */
export function outboxTable(outbox: Pick<Outbox, 'stats'>): Plugin {
  return tablePlugin({
    name: 'remote_outbox',
    columns: {
      stream: 'TEXT',
      lines: 'BIGINT',
      bytes: 'BIGINT',
      oldest_age: 'BIGINT',
      delivered: 'BIGINT',
      dropped: 'BIGINT',
      quarantined: 'BIGINT',
      batches: 'BIGINT',
      last_error: 'TEXT',
      last_error_time: 'BIGINT',
      last_delivered_time: 'BIGINT',
      next_attempt: 'BIGINT',
    },
    generate: () =>
      outbox.stats().map((stats) => ({
        stream: stats.stream,
        lines: stats.lines,
        bytes: stats.bytes,
        oldest_age: seconds(stats.oldestAgeMs),
        delivered: stats.delivered,
        dropped: stats.dropped,
        quarantined: stats.quarantined,
        batches: stats.batches,
        last_error: stats.lastError,
        last_error_time: time(stats.lastErrorAt),
        last_delivered_time: time(stats.lastDeliveredAt),
        next_attempt: stats.nextAttemptAt === undefined ? null : time(stats.nextAttemptAt),
      })),
  });
}

export function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

/** NULL for never. */
export function time(wallMs: number): number | null {
  return wallMs === 0 ? null : Math.floor(wallMs / 1000);
}
