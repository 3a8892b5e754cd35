import { attemptMs } from './limits.ts';
import type { Endpoint } from './request.ts';
import type { TransportSettings } from './settings.ts';

type AttemptSettings = Pick<TransportSettings, 'configAttempts' | 'distributedAttempts'>;

/** Attempts of one call. A log has one, since its outbox backs off by itself; so has an enrollment. */
export function attemptsOf(endpoint: Endpoint, settings: AttemptSettings): number {
  switch (endpoint) {
    case 'config':
      return Math.max(1, settings.configAttempts);
    case 'distributed_read':
    case 'distributed_write':
      return Math.max(1, settings.distributedAttempts);
    default:
      return 1;
  }
}

/** osquery's three strikes: 1 s after the first attempt, 4 s after the second. */
export function waitMs(attempt: number): number {
  return attempt * attempt * 1_000;
}

/** The longest that a call can take: all attempts with their waits. */
export function callLimitMs(endpoint: Endpoint, settings: AttemptSettings): number {
  let limit = attemptMs;
  for (let attempt = 1; attempt < attemptsOf(endpoint, settings); attempt++)
    limit += waitMs(attempt) + attemptMs;
  return limit;
}
