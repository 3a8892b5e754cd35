import { details, isGood } from './report.ts';
import type { TransportRunResult } from './transport-run.ts';

/** What a run found, in lines; the last one is for programs. */
export function transportReport(result: TransportRunResult): string[] {
  const { verdict, exit78, faults, pingP99Ms } = result;
  const { accepted, delivered, dropped, quarantined, lost, duplicated } = verdict;
  const kinds = [...faults].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${kind} ${count}`);
  return [
    `faults by kind: ${kinds.join(', ')}`,
    ...details(result),
    `accepted=${accepted} delivered=${delivered} dropped=${dropped} quarantined=${quarantined}`,
    [
      `faults=${happened(result)}`,
      `lost=${lost.length}`,
      `duplicated=${duplicated.length}`,
      `exit78=${exit78.length}`,
      `ping_p99_ms=${pingP99Ms.toFixed(1)}`,
    ].join(' '),
  ];
}

/** Whether every fault has happened, nothing is wrong and the sums add up. */
export function isGoodTransport(result: TransportRunResult): boolean {
  return happened(result) === result.wanted && isGood(result);
}

function happened({ faults }: TransportRunResult): number {
  return [...faults.values()].reduce((sum, count) => sum + count, 0);
}
