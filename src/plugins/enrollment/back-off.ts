import type { EnrollmentSettings } from './settings.ts';

/** A server can ask for an hour at most. */
const mostAskedMs = 3_600_000;

/** The longest rest after keys that were refused soon after they had been issued. */
const longestRestMs = 900_000;

/**
 * How long to wait after the failed attempt `attempt` (from 1): osquery's min(n², `tls_enroll_max_interval`) seconds, but
 * at least one. Jitter makes it up to a quarter longer and never shorter, so that a fleet spreads out and still nobody
 * makes more attempts than osquery: at most 22 in the first hour at the default flags.
 * @param afterMs what the server asked for (`Retry-After`): never sooner than that.
 * @param random from 0 to 1.
 */
export function retryWaitMs(
  attempt: number,
  afterMs: number | undefined,
  random: number,
  { maxIntervalS }: Pick<EnrollmentSettings, 'maxIntervalS'>,
): number {
  const seconds = Math.max(1, Math.min(attempt * attempt, maxIntervalS));
  const asked = Math.min(Math.max(0, afterMs ?? 0), mostAskedMs);
  return jittered(Math.max(seconds * 1_000, asked), random);
}

/**
 * The breaker: how long to rest before the next enrollment when so many keys in a row were refused soon after they had
 * been issued. 1 s, 4 s, 16 s and so on, at most 15 min, each up to a quarter longer. Nothing for 0.
 */
export function restMs(strikes: number, random: number): number {
  if (strikes === 0) return 0;
  return jittered(Math.min(longestRestMs, 1_000 * 4 ** (strikes - 1)), random);
}

function jittered(ms: number, random: number): number {
  return Math.round(ms * (1 + 0.25 * random));
}

/** For what fails on this host: twice as long after each failure, from `firstMs` up to `longestMs`. */
export function growingMs(
  failures: number,
  { firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number },
): number {
  return Math.min(longestMs, firstMs * 2 ** (failures - 1));
}
