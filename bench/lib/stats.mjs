/** The middle value, or undefined of nothing. */
export function median(values) {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const range = (values) => [Math.min(...values), Math.max(...values)];

/**
 * Runs the same round of everyone, again and again, the first one moving on each time: the machine's moods then hit all
 * alike, and ratios taken within a round mean something.
 * @param {readonly T[]} competitors @template T
 * @param {(competitor: T, round: number) => Promise<void>} run
 * @param {{ rounds: number, until: number }} limits `until` as of `performance.now()`
 * @returns how many rounds were made
 */
export async function interleave(competitors, run, { rounds, until }) {
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && performance.now() > until) return round;
    for (let i = 0; i < competitors.length; i++) {
      await run(competitors[(i + round) % competitors.length], round);
    }
  }
  return rounds;
}
