import type { Clock } from '../../clock/index.ts';

/**
 * What `work` returns, if it comes within `ms`. Its signal is aborted when the time is up or `outer` is aborted; it need
 * not listen.
 * @throws {Error} when the time is up; `outer.reason` when that is aborted; what `work` throws.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const stop = new AbortController();
  const done = new AbortController();
  const onAbort = () => stop.abort(outer.reason);
  outer.addEventListener('abort', onAbort, { once: true });
  clock.sleep(ms, done.signal).then(
    () => stop.abort(new Error(`no answer within ${ms / 1_000} s`)),
    () => {},
  );
  try {
    return await new Promise<T>((resolve, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
      work(stop.signal).then(resolve, reject);
    });
  } finally {
    outer.removeEventListener('abort', onAbort);
    done.abort();
  }
}
