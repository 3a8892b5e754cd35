import { expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import { Pause } from './pause.ts';

test('a wake between two rests ends the next one, and only that', async () => {
  const clock = new VirtualClock();
  const pause = new Pause(clock);
  pause.wake();
  pause.wake();
  await pause.rest(undefined);
  let rested = false;
  const second = pause.rest(1_000).then(() => {
    rested = true;
  });
  await clock.advance(999);
  expect(rested).toBe(false);
  await clock.advance(1);
  await second;
});

test('a wake ends the present rest, and leaves no timer and no wake behind', async () => {
  const clock = new VirtualClock();
  const pause = new Pause(clock);
  const first = pause.rest(1_000);
  pause.wake();
  await first;
  expect(clock.pending()).toEqual([]);
  void pause.rest(2_000);
  expect(clock.pending()).toEqual([2_000]);
});
