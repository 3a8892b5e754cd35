import type { Clock } from './clock.ts';

export interface WithinOptions {
  /** Ends the wait too, with its reason. Default: nothing does. */
  readonly signal?: AbortSignal;
  /** What to throw when the time is up. Default: an error that says how long it was. */
  readonly late?: () => Error;
}

/**
 * What `work` comes to, if that is within `ms` milliseconds. Its signal is aborted otherwise; it need not listen.
 *
 * That signal is not made by `AbortSignal.any`: Node 20 keeps such a one for ever while somebody listens to it, with all
 * that the listener knows, and who listens may be code of the user.
 * @throws {Error} `late()` when the time is up
 * @throws {unknown} the reason of `options.signal`; what `work` throws
 */
export async function within<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  options: WithinOptions = {},
): Promise<T> {
  const { signal, late = () => new Error(`no answer within ${ms / 1000} s`) } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const over = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  clock.sleep(ms, over.signal).then(
    () => stop.abort(late()),
    () => {},
  );
  try {
    return await new Promise<T>((resolve, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
      work(stop.signal).then(resolve, reject);
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    over.abort();
  }
}
