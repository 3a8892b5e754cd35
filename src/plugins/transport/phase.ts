import type { Clock } from '../../clock/index.ts';
import type { RemoteError } from './error.ts';

/**
 * One phase of an attempt with a limit of its own, so that who waits learns what did not come.
 * @throws {RemoteError} `late()` when the limit is over; the signal that the work was given is then aborted
 */
export async function withinPhase<T>(
  clock: Pick<Clock, 'sleep'>,
  limitMs: number,
  late: () => RemoteError,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const timeUp = new AbortController();
  clock.sleep(limitMs, over.signal).then(
    () => timeUp.abort(late()),
    () => {},
  );
  try {
    return await work(AbortSignal.any([signal, timeUp.signal]));
  } catch (error) {
    // Whatever it made of the signal.
    throw timeUp.signal.aborted && !signal.aborted ? timeUp.signal.reason : error;
  } finally {
    over.abort();
  }
}
