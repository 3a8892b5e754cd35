import { expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import { IdleWatch } from './idle-watch.ts';

function watched() {
  const clock = new VirtualClock();
  const idleAt: number[] = [];
  const watch = new IdleWatch(clock, () => idleAt.push(clock.monotonic()));
  return { clock, idleAt, watch, start: clock.monotonic() };
}

test('ten seconds without a byte, and it is told once', async () => {
  const { clock, idleAt, start } = watched();
  await clock.advance(9_999);
  expect(idleAt).toEqual([]);
  await clock.advance(60_000);
  expect(idleAt).toEqual([start + 10_000]);
  expect(clock.pending()).toEqual([]);
});

test('a byte now and then is enough', async () => {
  const { clock, idleAt, watch } = watched();
  for (let i = 0; i < 20; i++) {
    await clock.advance(9_000);
    watch.moved();
  }
  expect(idleAt).toEqual([]);
  watch.stop();
  await clock.advance(60_000);
  expect(idleAt).toEqual([]);
  expect(clock.pending()).toEqual([]);
});
