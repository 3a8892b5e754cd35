import { expect, test } from 'vitest';
import { SimulatedWorld } from './simulated.ts';

test('a first enrollment is stored, then used, then written to the database of osquery', async () => {
  const world = new SimulatedWorld();
  const enrollment = world.start();
  await enrollment.open();
  expect(await enrollment.obtain({ maxWaitMs: 1_000 })).toEqual({ kind: 'key', key: 'key-1' });
  await world.clock.advance(0);
  expect(world.events).toEqual(['save undefined', 'request', 'save key-1', 'key key-1', 'write key-1']);
  expect(world.database).toEqual({ key: 'key-1', time: Date.UTC(2026, 0, 1) / 1_000 });
  await enrollment.close();
  expect(world.clock.pending()).toEqual([]);
});

test('100 concurrent refusals of one key make exactly one enroll request', async () => {
  const world = new SimulatedWorld();
  const enrollment = world.start();
  await enrollment.open();
  await enrollment.obtain({ maxWaitMs: 1_000 });
  await world.clock.advance(7_200_000);
  const keys = Array.from({ length: 100 }, async () => {
    enrollment.refused('key-1', 'HTTP 401');
    return enrollment.obtain({ maxWaitMs: 1_000 });
  });
  expect(new Set((await Promise.all(keys)).map((answer) => JSON.stringify(answer)))).toEqual(
    new Set(['{"kind":"key","key":"key-2"}']),
  );
  await world.clock.advance(3_600_000);
  expect(world.requests).toHaveLength(2);
  await enrollment.close();
});
