import { restMs, retryWaitMs } from './back-off.ts';
import type { NodeKey } from './node-key.ts';
import type { EnrollmentSettings } from './settings.ts';

/**
 * When to enroll, as a pure machine: `decide` takes in what happened, `waitMs` and `isNewer` answer questions. It sees
 * no clock: `now` is monotonic milliseconds, and only the age of a key is measured on the wall clock.
 *
 * There is one series of attempts at a time, because there is one state. It begins when the key is gone and ends with
 * the next key.
 */
export interface EnrollmentState {
  readonly key: NodeKey | undefined;
  /** The key that was given up last. It never comes back from osquery's database. */
  readonly refused: NodeKey | undefined;
  /** Attempts of the present series that failed or are under way. */
  readonly attempts: number;
  /** No attempt before. */
  readonly notBefore: number;
  /** How long that wait was when it was decided. A stored wait never becomes longer, whatever the wall clock does. */
  readonly waitMs: number;
  /** Keys in a row that were refused while they were fresh. */
  readonly strikes: number;
  /** The enroll secret that the last attempt was made with, as `secretMark` tells it. */
  readonly mark: string | undefined;
  /** When a changed secret last brought an attempt forward. */
  readonly broughtForwardAt: number;
}

export type EnrollmentEvent =
  /** A key came from the server, or from osquery's database. */
  | { readonly kind: 'took'; readonly key: NodeKey }
  /** The server refused the present key, at `wallS` (Unix seconds). */
  | { readonly kind: 'refused'; readonly wallS: number; readonly now: number; readonly random: number }
  /** The present key is given up without a refusal (`enroll_always`). */
  | { readonly kind: 'gave_up'; readonly now: number }
  /** Somebody looked at the enroll secret. */
  | { readonly kind: 'looked'; readonly mark: string; readonly now: number }
  /** An attempt begins. Until its end is known it counts as failed, so that a process that dies in it backs off. */
  | { readonly kind: 'began'; readonly now: number; readonly random: number }
  /** What became of the attempt that began. `unsent`: it never left this host. */
  | {
      readonly kind: 'failed' | 'unsent';
      readonly afterMs: number | undefined;
      readonly now: number;
      readonly random: number;
    };

/** A key that is refused when it is younger than this counts for the breaker. Longer than its longest rest. */
const freshS = 3_600;

/** However often the secret changes, it brings attempts forward no more often than this. */
const forwardEveryMs = 30_000;

/** Waiting for a transport that is about to start. */
const unsentWaitMs = 1_000;

export const noEnrollment: EnrollmentState = {
  key: undefined,
  refused: undefined,
  attempts: 0,
  notBefore: Number.NEGATIVE_INFINITY,
  waitMs: 0,
  strikes: 0,
  mark: undefined,
  broughtForwardAt: Number.NEGATIVE_INFINITY,
};

export function decide(
  state: EnrollmentState,
  event: EnrollmentEvent,
  settings: Pick<EnrollmentSettings, 'maxIntervalS'>,
): EnrollmentState {
  switch (event.kind) {
    case 'took':
      return { ...state, key: event.key, attempts: 0, notBefore: Number.NEGATIVE_INFINITY, waitMs: 0 };
    case 'refused': {
      if (state.key === undefined) return state;
      const strikes = event.wallS - state.key.time < freshS ? state.strikes + 1 : 0;
      const wait = restMs(strikes, event.random);
      return waiting({ ...state, key: undefined, refused: state.key, attempts: 0, strikes }, event.now, wait);
    }
    case 'gave_up':
      if (state.key === undefined) return state;
      return waiting({ ...state, key: undefined, refused: state.key, attempts: 0 }, event.now, 0);
    case 'looked':
      return looked(state, event.mark, event.now);
    case 'began': {
      const attempts = state.attempts + 1;
      const wait = retryWaitMs(attempts, undefined, event.random, settings);
      return waiting({ ...state, attempts }, event.now, wait);
    }
    case 'failed': {
      const wait = retryWaitMs(state.attempts, event.afterMs, event.random, settings);
      return waiting(state, event.now, wait);
    }
    case 'unsent': {
      const wait = Math.max(unsentWaitMs, event.afterMs ?? 0);
      return waiting({ ...state, attempts: Math.max(0, state.attempts - 1) }, event.now, wait);
    }
  }
}

/** How long until the next attempt may be made; 0 if it is due. */
export function waitMs(state: EnrollmentState, now: number): number {
  return Math.max(0, state.notBefore - now);
}

/**
 * Whether a key found in osquery's database takes the place of ours: it is another one, neither ours nor the one that was
 * refused, and was issued after both. A blank key there means that there is none.
 */
export function isNewer(found: NodeKey, { key, refused }: EnrollmentState): boolean {
  return (
    found.key !== '' &&
    [key, refused].every((ours) => !ours || (found.key !== ours.key && found.time > ours.time))
  );
}

/**
 * Whether a call need not wait for a key any longer: the next attempt, `wait` away, is out of its reach, or it has seen
 * all attempts of a series that it is meant to see.
 */
export function isHopeless(
  { attempts }: EnrollmentState,
  wait: number,
  maxWaitMs: number,
  { maxAttempts }: Pick<EnrollmentSettings, 'maxAttempts'>,
): boolean {
  return wait > maxWaitMs || (wait > 0 && maxAttempts > 0 && attempts >= maxAttempts);
}

/** A changed secret brings one attempt forward. It does not begin a new series, since some tools rewrite files all day. */
function looked(state: EnrollmentState, mark: string, now: number): EnrollmentState {
  const seen = { ...state, mark };
  if (mark === state.mark || state.mark === undefined || state.key !== undefined) return seen;
  const at = Math.max(now, state.broughtForwardAt + forwardEveryMs);
  return at < state.notBefore ? waiting({ ...seen, broughtForwardAt: at }, now, at - now) : seen;
}

function waiting(state: EnrollmentState, now: number, wait: number): EnrollmentState {
  return { ...state, notBefore: now + wait, waitMs: wait };
}
