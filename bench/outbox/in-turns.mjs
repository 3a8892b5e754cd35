import { setImmediate } from 'node:timers/promises';

const perTurn = 32;

/** Does it so many times, and lets other things happen in between, as between two calls of osqueryd. */
export async function inTurns(times, act) {
  for (let i = 1; i <= times; i++) {
    act();
    if (i % perTurn === 0) await setImmediate();
  }
}
