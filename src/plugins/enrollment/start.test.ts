import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { badSecret, SimulatedWorld } from './simulated.ts';

const startS = Date.UTC(2026, 0, 1) / 1_000;
const idle = { attempts: 0, nextAttemptAt: 0, waitMs: 0, strikes: 0, lastReason: '' };

let world: SimulatedWorld;

beforeEach(() => {
  world = new SimulatedWorld();
});

afterEach(() => world.close());

describe('a start', () => {
  test('after the built-in plugins goes on with their key', async () => {
    world.database = { key: 'theirs', time: startS - 5_000 };
    const enrollment = await world.open();
    expect(await enrollment.obtain({ maxWaitMs: 0 })).toEqual({ kind: 'key', key: 'theirs' });
    expect(world.file?.key).toEqual({ key: 'theirs', time: startS - 5_000 });
    expect(world.requests).toEqual([]);
  });

  test('takes the newer of the two keys', async () => {
    world.file = { ...idle, key: { key: 'ours', time: startS - 20 } };
    world.database = { key: 'theirs', time: startS - 10 };
    expect((await world.open()).key).toBe('theirs');
    world.file = { ...idle, key: { key: 'ours', time: startS - 5 } };
    expect((await world.open()).key).toBe('ours');
    expect(world.database.key).toBe('ours');
  });

  test.each([true, 'hangs'] as const)(
    'without core uses our key, and looks later (read fails: %s)',
    async (read) => {
      world.file = { ...idle, key: { key: 'ours', time: startS - 20 } };
      world.fails = { read };
      const opened = world.open();
      await world.clock.advance(5_000);
      const enrollment = await opened;
      expect(enrollment.key).toBe('ours');
      world.fails = {};
      await world.clock.advance(10_000);
      expect(world.database?.key).toBe('ours');
    },
  );

  test('without a readable state uses the key of osquery', async () => {
    world.database = { key: 'theirs', time: Number.NaN };
    const load = () => Promise.reject(new Error('EIO'));
    const enrollment = world.start({ state: { load, save: async () => {} } });
    await enrollment.open();
    expect([enrollment.key, enrollment.status().keyTime]).toEqual(['theirs', 0]);
    expect(world.log[0]).toBe('error: cannot read the enrollment state: EIO');
  });
});

describe('enroll_always', () => {
  test('makes one enrollment at each start, whatever key there is', async () => {
    world.settings = { ...world.settings, always: true };
    world.file = { ...idle, key: { key: 'ours', time: startS - 20 } };
    world.database = { key: 'theirs', time: startS - 10 };
    const enrollment = await world.open();
    await world.clock.advance(60_000);
    expect([enrollment.key, world.database.key, world.requests]).toEqual(['key-1', 'key-1', [0]]);
    expect(enrollment.status().lastReason).toBe('enroll_always');
  });

  test('means the start only: later a newer key of osquery is taken', async () => {
    world.settings = { ...world.settings, always: true };
    const enrollment = await world.open();
    await world.clock.advance(1_000);
    world.database = { key: 'theirs', time: startS + 1 };
    enrollment.refused('key-1', 'HTTP 401');
    await world.clock.advance(0);
    expect([enrollment.key, world.requests.length]).toEqual(['theirs', 1]);
  });

  test('goes on with the back-off of the series before', async () => {
    world.settings = { ...world.settings, always: true };
    world.server = () => badSecret;
    for (let start = 0; start < 20; start++) {
      const enrollment = await world.open();
      await world.clock.advance(1_000);
      await enrollment.close();
    }
    expect(world.requests).toEqual([0, 1_000, 5_000, 14_000]);
  });

  test('is ignored with disable_enrollment', async () => {
    world.settings = { ...world.settings, always: true, disabled: true };
    world.file = { ...idle, key: { key: 'ours', time: startS } };
    const enrollment = await world.open();
    await world.clock.advance(60_000);
    expect([enrollment.key, world.requests]).toEqual(['ours', []]);
  });
});

describe('disable_enrollment', () => {
  test('makes no request; without a stored key the key is blank', async () => {
    world.settings = { ...world.settings, disabled: true };
    const enrollment = await world.open();
    expect(await enrollment.obtain({ maxWaitMs: 60_000 })).toEqual({ kind: 'key', key: '' });
    await world.clock.advance(60_000);
    expect(world.requests).toEqual([]);
    world.settings = { ...world.settings, disabled: false };
    expect(await enrollment.obtain({ maxWaitMs: 60_000 })).toEqual({ kind: 'key', key: 'key-1' });
  });

  test('uses a stored key, also when it is refused', async () => {
    world.settings = { ...world.settings, disabled: true };
    world.database = { key: 'theirs', time: startS - 5_000 };
    const enrollment = await world.open();
    enrollment.refused('theirs', 'HTTP 401');
    await world.clock.advance(60_000);
    expect(await enrollment.obtain({ maxWaitMs: 0 })).toEqual({ kind: 'key', key: 'theirs' });
    expect(world.requests).toEqual([]);
  });

  test('that comes during a series ends it and answers those who wait', async () => {
    world.server = () => badSecret;
    const enrollment = await world.open();
    await world.clock.advance(0);
    const answer = enrollment.obtain({ maxWaitMs: 60_000 });
    await world.clock.advance(6_000);
    world.settings = { ...world.settings, disabled: true };
    await world.clock.advance(5_000);
    expect(await answer).toEqual({ kind: 'key', key: '' });
    await world.clock.advance(3_600_000);
    expect(world.requests).toEqual([0, 1_000, 5_000]);
  });
});
