import type { RunResult } from './run.ts';

/** Of each kind so many are shown. */
const mostShown = 10;

/** What the runs found, in lines; the last one is for programs and adds them up. */
export function report(results: readonly RunResult[]): string[] {
  return [...results.flatMap(details), summary(results)];
}

/** What a run found, in lines. */
export function details({ title, verdict, exit78, violations, notes }: RunResult): string[] {
  const shown = (what: string, numbers: readonly number[]) =>
    numbers.length === 0 ? [] : [`${what}: ${ranges(numbers)}`];
  return [
    `${title}:`,
    ...notes,
    ...shown('lost lines', verdict.lost),
    ...shown('lines that arrived more than once', verdict.duplicated),
    ...shown('lines that arrived after a later one', verdict.reordered),
    ...shown('lines that arrived and were never handed over', verdict.unexpected),
    ...exit78.slice(0, mostShown).map((what) => `fatal to osqueryd: ${what}`),
    ...violations.slice(0, mostShown).map((what) => `violation: ${what}`),
    `reordered=${verdict.reordered.length} unexpected=${verdict.unexpected.length} violations=${violations.length}`,
  ];
}

function summary(results: readonly RunResult[]): string {
  const sum = (of: (result: RunResult) => number) => results.reduce((total, result) => total + of(result), 0);
  return [
    `accepted=${sum(({ verdict }) => verdict.accepted)}`,
    `delivered=${sum(({ verdict }) => verdict.delivered)}`,
    `dropped=${sum(({ verdict }) => verdict.dropped)}`,
    `quarantined=${sum(({ verdict }) => verdict.quarantined)}`,
    `unanswered=${sum(({ verdict }) => verdict.unanswered)}`,
    `lost=${sum(({ verdict }) => verdict.lost.length)}`,
    `duplicated=${sum(({ verdict }) => verdict.duplicated.length)}`,
    `exit78=${sum(({ exit78 }) => exit78.length)}`,
  ].join(' ');
}

/** Whether nothing is wrong and the sums add up. */
export function isGood({ verdict, exit78, violations }: RunResult): boolean {
  const { accepted, delivered, dropped, quarantined, lost, duplicated, reordered, unexpected } = verdict;
  const wrong = [lost, duplicated, reordered, unexpected, exit78, violations];
  return wrong.every((list) => list.length === 0) && accepted === delivered + dropped + quarantined;
}

/** `1-3, 7`: what is lost together belongs together. */
function ranges(numbers: readonly number[]): string {
  const found: { readonly from: number; to: number }[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && number <= last.to + 1) last.to = number;
    else found.push({ from: number, to: number });
  }
  const texts = found.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  const more = texts.length > mostShown ? `, … (${numbers.length} in all)` : '';
  return `${texts.slice(0, mostShown).join(', ')}${more}`;
}
