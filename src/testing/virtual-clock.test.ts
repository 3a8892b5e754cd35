import { expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

test('advance fires sleeps and intervals in the order in which they fall due', async () => {
  const clock = new VirtualClock(1_000);
  const seen: string[] = [];
  const stop = clock.interval(40, () => seen.push(`tick ${clock.monotonic()}`));
  void clock.sleep(50).then(async () => {
    seen.push(`slept ${clock.monotonic()}`);
    await clock.sleep(10);
    seen.push(`again ${clock.monotonic()}`);
  });
  await clock.advance(100);
  stop();
  await clock.advance(1_000);
  expect(seen).toEqual(['tick 40', 'slept 50', 'again 60', 'tick 80']);
  expect(clock.now()).toBe(2_100);
});

test('an aborted sleep rejects with the reason of its signal and leaves no timer', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const sleep = clock.sleep(1_000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
  expect(clock.pending()).toEqual([]);
});

test('a jump moves the wall clock and no timer', async () => {
  const clock = new VirtualClock(0);
  let woke = false;
  void clock.sleep(100).then(() => {
    woke = true;
  });
  clock.jump(-3_600_000);
  await clock.advance(99);
  expect(woke).toBe(false);
  await clock.advance(1);
  expect(woke).toBe(true);
  expect(clock.now()).toBe(-3_599_900);
});

test('sleeping waits until somebody sleeps for that long', async () => {
  const clock = new VirtualClock();
  const seen = clock.sleeping(250);
  setImmediate(() => void clock.sleep(250));
  await seen;
  expect(clock.pending()).toEqual([250]);
});
