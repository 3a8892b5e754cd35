import { type EnrollmentState, noEnrollment } from './decide.ts';
import type { NodeKey } from './node-key.ts';

/** What survives the process. Plain JSON; it holds the node key and belongs into a file that nobody else can read. */
export interface StoredEnrollment {
  readonly key?: NodeKey;
  readonly refused?: NodeKey;
  readonly attempts: number;
  /** Wall-clock milliseconds; 0 if no wait is on. */
  readonly nextAttemptAt: number;
  /** How long that wait was when it was decided, in milliseconds. */
  readonly waitMs: number;
  readonly strikes: number;
  readonly mark?: string;
  /** Why the key was last replaced, or is about to be. */
  readonly lastReason: string;
}

/** @param time `now` monotonic, `wall` of the same moment, both in milliseconds. */
export function toStored(
  state: EnrollmentState,
  lastReason: string,
  time: { readonly now: number; readonly wall: number },
): StoredEnrollment {
  const { key, refused, attempts, notBefore, waitMs, strikes, mark } = state;
  return {
    ...(key && { key }),
    ...(refused && { refused }),
    attempts,
    nextAttemptAt: notBefore > time.now ? Math.round(time.wall + (notBefore - time.now)) : 0,
    waitMs,
    strikes,
    ...(mark !== undefined && { mark }),
    lastReason,
  };
}

/**
 * Takes in what was stored, whoever wrote it: what makes no sense is left out. The wall clock may have jumped meanwhile;
 * a wait is never longer than it was when it was decided.
 */
export function fromStored(
  stored: unknown,
  time: { readonly now: number; readonly wall: number },
): { readonly state: EnrollmentState; readonly lastReason: string } {
  const members: Readonly<Record<string, unknown>> =
    typeof stored === 'object' && stored !== null ? { ...stored } : {};
  const waitMs = count(members['waitMs']);
  const left = Math.min(waitMs, Math.max(0, count(members['nextAttemptAt']) - time.wall));
  const { mark, lastReason } = { mark: members['mark'], lastReason: members['lastReason'] };
  return {
    state: {
      ...noEnrollment,
      key: nodeKey(members['key']),
      refused: nodeKey(members['refused']),
      attempts: count(members['attempts']),
      notBefore: left > 0 ? time.now + left : Number.NEGATIVE_INFINITY,
      waitMs,
      strikes: count(members['strikes']),
      mark: typeof mark === 'string' ? mark : undefined,
    },
    lastReason: typeof lastReason === 'string' ? lastReason : '',
  };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

function nodeKey(value: unknown): NodeKey | undefined {
  if (typeof value !== 'object' || value === null || !('key' in value) || !('time' in value))
    return undefined;
  const { key, time } = value;
  return typeof key === 'string' && typeof time === 'number' ? { key, time } : undefined;
}
