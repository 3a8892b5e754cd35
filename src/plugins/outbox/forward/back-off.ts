import type { ForwardSettings } from './settings.ts';

type BackOffSettings = Pick<ForwardSettings, 'periodMs' | 'backoffMaxMs'>;

/**
 * osquery's back-off: the period times n², at most `backoffMaxMs`; only the period where that is not above it
 * [osquery/logger/buffered.cpp since 5.12.1].
 * @param failures how many times in a row it has failed, from 1.
 */
export function backOffMs(failures: number, { periodMs, backoffMaxMs }: BackOffSettings): number {
  if (backoffMaxMs <= periodMs) return periodMs;
  return Math.min(backoffMaxMs, periodMs * failures ** 2);
}

/**
 * The same with jitter: up to a quarter shorter, so that a fleet does not come back all at once and the longest wait
 * stays the longest. With `afterMs` (`Retry-After`) never sooner than that, and up to a quarter later; a server can ask
 * for an hour at most, or for `backoffMaxMs` if that is more.
 * @param random from 0 to 1.
 */
export function nextAttemptMs(
  failures: number,
  afterMs: number | undefined,
  random: number,
  settings: BackOffSettings,
): number {
  const wait = backOffMs(failures, settings) * (1 - 0.25 * random);
  if (afterMs === undefined) return wait;
  const asked = Math.min(Math.max(0, afterMs), Math.max(3_600_000, settings.backoffMaxMs));
  return Math.max(wait, asked * (1 + 0.25 * random));
}
