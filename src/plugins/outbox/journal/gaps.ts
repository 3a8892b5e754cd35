/** Records behind the acknowledged position that are gone: dropped by a cap while older ones were on their way. */
export interface Gap {
  readonly writer: string;
  readonly first: number;
  readonly last: number;
}

/** Adds a gap, merged with the last one where they touch. */
export function addGap(gaps: readonly Gap[], gap: Gap): Gap[] {
  const last = gaps.at(-1);
  if (last !== undefined && last.writer === gap.writer && last.last + 1 === gap.first) {
    return [...gaps.slice(0, -1), { writer: gap.writer, first: last.first, last: gap.last }];
  }
  return [...gaps, gap];
}

/** Without those that lie in front of `number` of `writer`, or belong to writers that have nothing left. */
export function pruneGaps(
  gaps: readonly Gap[],
  writers: ReadonlySet<string>,
  writer: string,
  number: number,
): Gap[] {
  return gaps.filter((gap) => writers.has(gap.writer) && !(gap.writer === writer && gap.last < number));
}

export function inGap(gaps: readonly Gap[], writer: string, number: number): boolean {
  return gaps.some((gap) => gap.writer === writer && gap.first <= number && number <= gap.last);
}
