import type { Clock } from '../../clock/index.ts';
import type { QueryResult } from './query.ts';
import type { QueryStore } from './query-store.ts';

/** What an observer of a query sees: results, then one end. */
export type Followed =
  | ({ readonly kind: 'result' } & QueryResult)
  /** `missing` lists the ids of nodes that were awaited and did not answer. */
  | { readonly kind: 'end'; readonly reason: 'complete' | 'expired'; readonly missing: readonly string[] };

/** Timers of Node hold at most so many milliseconds. */
const longestSleepMs = 2 ** 31 - 1;

/**
 * The results of a query: those that are there, then each as it comes, until every awaited node has answered or the query
 * has expired. Ends without an `end` when `signal` is aborted.
 */
export async function* followResults(
  queries: QueryStore,
  id: string,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Followed> {
  const arrived: QueryResult[] = [];
  const told = new Set<string>();
  let wake = () => {};
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  // Watching starts before the stored results are read, so that none falls between.
  const stop = queries.watch(id, (result) => {
    if (result !== undefined) arrived.push(result);
    wake();
  });
  try {
    for await (const result of queries.results(id)) {
      told.add(result.node);
      yield { kind: 'result', ...result };
    }
    while (!signal.aborted) {
      for (const result of arrived.splice(0)) {
        if (told.has(result.node)) continue;
        told.add(result.node);
        yield { kind: 'result', ...result };
      }
      const missing = queries.missing(id);
      const leftMs = (queries.get(id)?.expiresAt ?? 0) - clock.now();
      if (missing.length === 0) {
        yield { kind: 'end', reason: 'complete', missing };
        return;
      }
      if (leftMs <= 0) {
        yield { kind: 'end', reason: 'expired', missing };
        return;
      }
      if (arrived.length > 0 || signal.aborted) continue;
      const sleep = new AbortController();
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([
        woken,
        clock.sleep(Math.min(leftMs, longestSleepMs), sleep.signal).catch(() => {}),
      ]);
      sleep.abort();
    }
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}
