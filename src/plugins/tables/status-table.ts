import type { Clock } from '../../clock/index.ts';
import { type Plugin, tablePlugin } from '../../extension/index.ts';
import type { ConfigStatus } from '../config/index.ts';
import type { EndpointStatus } from '../endpoint-status.ts';
import type { EnrollmentStatus } from '../enrollment/index.ts';
import { seconds, time } from './outbox-table.ts';

export interface StatusSources {
  readonly clock: Clock;
  readonly endpoints: () => readonly EndpointStatus[];
  readonly enrollment: () => EnrollmentStatus;
  readonly config: () => ConfigStatus;
}

/**
 * `SELECT * FROM remote_status`: does the conversation with the server work? One row per endpoint; what concerns the node
 * as a whole stands in each. Times are unix seconds, ages seconds.
 */
export function statusTable({ clock, endpoints, enrollment, config }: StatusSources): Plugin {
  return tablePlugin({
    name: 'remote_status',
    columns: {
      endpoint: 'TEXT',
      last_success: 'BIGINT',
      last_error_time: 'BIGINT',
      last_error: 'TEXT',
      attempts: 'BIGINT',
      latency_ms: 'INTEGER',
      enrolled: 'INTEGER',
      key_age: 'BIGINT',
      enroll_reason: 'TEXT',
      enroll_error: 'TEXT',
      next_enroll_s: 'BIGINT',
      config_hash: 'TEXT',
      config_age: 'BIGINT',
      config_stale: 'INTEGER',
    },
    generate() {
      const now = clock.now();
      const node = enrollment();
      const { hash, fetchedAt, stale } = config();
      return endpoints().map((status) => ({
        endpoint: status.endpoint,
        last_success: time(status.lastSuccessAt),
        last_error_time: time(status.lastErrorAt),
        last_error: status.lastError,
        attempts: status.attempts,
        latency_ms: Math.round(status.latencyMs),
        enrolled: node.enrolled,
        key_age: node.keyTime === undefined ? null : Math.max(0, seconds(now) - node.keyTime),
        enroll_reason: node.lastReason,
        enroll_error: node.lastError,
        next_enroll_s: node.nextAttemptMs === undefined ? null : seconds(node.nextAttemptMs),
        config_hash: hash,
        config_age: fetchedAt === 0 ? null : Math.max(0, seconds(now - fetchedAt)),
        config_stale: stale,
      }));
    },
  });
}
