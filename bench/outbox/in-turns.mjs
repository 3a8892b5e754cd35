import { setImmediate } from 'node:timers/promises';

const perTurn = 32;

/**
 * Does it so many times, one after the other, and lets other things happen in between, as between two calls of osqueryd.
 * @param {() => unknown} act is waited for when it returns a promise
 * @returns how many times; fewer when `limitMs` were over before
 */
export async function inTurns(times, act, limitMs = Number.POSITIVE_INFINITY) {
  const end = performance.now() + limitMs;
  for (let i = 1; i <= times; i++) {
    const done = act();
    if (done instanceof Promise) await done;
    if (i % perTurn !== 0) continue;
    await setImmediate();
    if (performance.now() > end) return i;
  }
  return times;
}
