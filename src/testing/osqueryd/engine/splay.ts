import type { ByteString } from './bytes.ts';

/** Where splayed intervals are kept across restarts (core: domain `configurations`, key `interval.<query>`). */
export interface SplayStore {
  get(queryName: ByteString): ByteString | undefined;
  set(queryName: ByteString, content: ByteString): void;
}

/** A store that forgets with the process. */
export function memorySplays(): SplayStore {
  const values = new Map<ByteString, ByteString>();
  return { get: (name) => values.get(name), set: (name, content) => values.set(name, content) };
}

/**
 * The interval at which a query really runs: `interval` plus or minus up to `percent` of it, chosen once and kept as
 * `<interval>:<splayed>` until the configured interval changes. Intervals under 10 s are exact at the default of 10 %.
 * @param random 0 (inclusive) to 1 (exclusive).
 */
export function splayedInterval(
  name: ByteString,
  interval: number,
  percent: number,
  store: SplayStore,
  random: () => number,
): number {
  const [known, value] = (store.get(name) ?? '').split(':').map(Number);
  if (known === interval && value !== undefined && value > 0) return value;
  const splayed = splay(interval, percent, random);
  store.set(name, `${interval}:${splayed}`);
  return splayed;
}

function splay(interval: number, percent: number, random: () => number): number {
  if (percent <= 0 || percent > 100) return interval;
  const difference = Math.trunc((interval * percent) / 100);
  const least = Math.max(1, interval - difference);
  const most = interval + difference;
  return least + Math.floor(random() * (most - least + 1));
}
