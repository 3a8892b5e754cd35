import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedWorld } from './simulated.ts';

let world: SimulatedWorld;

beforeEach(() => {
  world = new SimulatedWorld();
});

afterEach(() => world.close());

describe('a new key', () => {
  test('is used although core is away, and written to its database later', async () => {
    world.fails = { read: true, write: true };
    const enrollment = await world.open();
    expect(await enrollment.obtain({ maxWaitMs: 1_000 })).toEqual({ kind: 'key', key: 'key-1' });
    await world.clock.advance(60_000);
    world.fails = { write: true };
    await world.clock.advance(600_000);
    expect(world.database).toBeUndefined();
    world.fails = {};
    await world.clock.advance(600_000);
    expect(world.database?.key).toBe('key-1');
    expect(world.log.filter((line) => line.includes('cannot write'))).toHaveLength(1);
    expect(world.requests).toHaveLength(1);
  });

  test("that cannot be saved stands in osquery's database before it is used, and is saved later", async () => {
    world.fails = { save: true };
    const enrollment = await world.open();
    expect(await enrollment.obtain({ maxWaitMs: 1_000 })).toEqual({ kind: 'key', key: 'key-1' });
    expect(world.events).toEqual(['request', 'write key-1', 'key key-1']);
    world.fails = {};
    await world.clock.advance(20_000);
    expect(world.file?.key?.key).toBe('key-1');
    expect(world.log.filter((line) => line.includes('ENOSPC'))).toHaveLength(1);
  });

  test("that was found in osquery's database is used at once, and saved later", async () => {
    world.fails = { save: true };
    world.database = { key: 'theirs', time: 5 };
    expect((await world.open()).key).toBe('theirs');
    world.fails = {};
    await world.clock.advance(20_000);
    expect(world.file?.key?.key).toBe('theirs');
  });

  test('that was found there after a refusal is saved later, too', async () => {
    const enrollment = await world.open();
    await enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(1_000);
    world.fails = { save: true };
    world.database = { key: 'theirs', time: Date.UTC(2027, 0, 1) / 1_000 };
    enrollment.refused('key-1', 'HTTP 401');
    await world.clock.advance(1_000);
    expect(enrollment.key).toBe('theirs');
    world.fails = {};
    await world.clock.advance(20_000);
    expect(world.file?.key?.key).toBe('theirs');
  });

  test('that can be stored nowhere is not used until it can, and not thrown away', async () => {
    world.fails = { save: true, read: true, write: true };
    const enrollment = await world.open();
    const answer = enrollment.obtain({ maxWaitMs: 60_000 });
    await world.clock.advance(60_000);
    expect([await answer, enrollment.key]).toEqual([
      { kind: 'none', reason: 'no node key within 60 s' },
      undefined,
    ]);
    world.fails = {};
    await world.clock.advance(60_000);
    expect([enrollment.key, world.requests.length]).toEqual(['key-1', 1]);
  });
});
