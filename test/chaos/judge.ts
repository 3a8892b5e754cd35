import type { Ledger } from './ledger.ts';

/** What the server has, and what the extension says of the rest. */
export interface Evidence {
  /** Numbers of the lines in the order in which the server wrote them. */
  readonly result: readonly number[];
  readonly status: readonly number[];
  /** Lines that the extension reported as dropped, 0 if it did not. */
  readonly reportedDrops: number;
  /**
   * So many lines may be reported as dropped and be there: the server took them, nobody learned of it since the
   * extension or the answer died, and then they had to make room. Default 0.
   */
  readonly doubtful?: number;
  /** Lines in quarantine by the extension's own count; `undefined` if it could not be asked. */
  readonly reportedQuarantine: number | undefined;
}

export interface Verdict {
  readonly accepted: number;
  /** Accepted lines that are there. */
  readonly delivered: number;
  readonly dropped: number;
  readonly quarantined: number;
  readonly unanswered: number;
  /** Accepted lines that are neither there nor accounted for. */
  readonly lost: readonly number[];
  /** Lines that are there again; once for each time too often. */
  readonly duplicated: readonly number[];
  /** Lines that came after a later one of their stream. */
  readonly reordered: readonly number[];
  /** Lines that were never handed over. */
  readonly unexpected: readonly number[];
  /** Lines without an answer that arrived: allowed. */
  readonly deliveredUnanswered: number;
  /** Sums that do not add up. */
  readonly contradictions: readonly string[];
}

/**
 * Compares what was handed over with what arrived. A missing line is explained by quarantine only if the server
 * refuses it for itself, and otherwise only by a reported drop.
 */
export function judge(ledger: Ledger, evidence: Evidence): Verdict {
  const arrived = [...evidence.result, ...evidence.status];
  const there = new Set(arrived);
  const missing: number[] = [];
  const missingUnfit: number[] = [];
  let unfitUnanswered = 0;
  let delivered = 0;
  for (const [number, { state, kind }] of ledger.entries) {
    if (state === 'accepted' && there.has(number)) delivered++;
    else if (state === 'accepted' && kind === 'plain') missing.push(number);
    else if (state === 'accepted') missingUnfit.push(number);
    else if (state === 'unanswered' && kind !== 'plain' && !there.has(number)) unfitUnanswered++;
  }
  const contradictions: string[] = [];
  const { reportedQuarantine: reported } = evidence;
  if (reported !== undefined) {
    const most = missingUnfit.length + unfitUnanswered;
    if (reported > most) {
      contradictions.push(
        `${reported} lines in quarantine, but the server would refuse only ${most} of the missing ones`,
      );
    }
  }
  const quarantined = Math.min(missingUnfit.length, reported ?? missingUnfit.length);
  const unexplained = [...missing, ...missingUnfit.slice(quarantined)];
  const dropped = Math.min(unexplained.length, evidence.reportedDrops);
  if (evidence.reportedDrops > dropped) {
    // A line without an answer may have been dropped too.
    const most = dropped + ledger.count('unanswered') + (evidence.doubtful ?? 0);
    if (evidence.reportedDrops > most) {
      contradictions.push(
        `${evidence.reportedDrops} lines were reported as dropped, but only ${most} can be`,
      );
    }
  }
  return {
    accepted: ledger.count('accepted'),
    delivered,
    dropped,
    quarantined,
    unanswered: ledger.count('unanswered'),
    lost: unexplained.slice(dropped),
    duplicated: repeated(arrived),
    reordered: [...late(evidence.result), ...late(evidence.status)],
    unexpected: [...there].filter((number) => ledger.get(number) === undefined),
    deliveredUnanswered: [...there].filter((number) => ledger.get(number)?.state === 'unanswered').length,
    contradictions,
  };
}

function repeated(numbers: readonly number[]): number[] {
  const seen = new Set<number>();
  return numbers.filter((number) => seen.size === seen.add(number).size);
}

function late(numbers: readonly number[]): number[] {
  let latest = 0;
  return numbers.filter((number) => {
    latest = Math.max(latest, number);
    return number < latest;
  });
}
