/** The longest rest before a transport is started again. */
const maxDelayMs = 30_000;

/**
 * How long to wait before the transport is started again, after so many ends in a row without an answer in between:
 * not at all the first time, then 0.5 s, 1 s, 2 s and so on up to 30 s.
 */
export function restartDelayMs(endsInARow: number): number {
  return endsInARow <= 1 ? 0 : Math.min(maxDelayMs, 500 * 2 ** (endsInARow - 2));
}
