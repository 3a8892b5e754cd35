import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Enrollment } from './enrollment.ts';
import { badSecret, enrolled, SimulatedWorld } from './simulated.ts';

const startS = Date.UTC(2026, 0, 1) / 1_000;
const hour = 3_600_000;

let world: SimulatedWorld;

beforeEach(() => {
  world = new SimulatedWorld();
});

afterEach(() => world.close());

/** With `key-1`, two hours old. */
async function openEnrolled(): Promise<Enrollment> {
  const enrollment = await world.open();
  await enrollment.obtain({ maxWaitMs: 1_000 });
  await world.clock.advance(2 * hour);
  world.events.length = 0;
  return enrollment;
}

describe('a refusal', () => {
  test('that 100 calls get at the same time makes exactly one enroll request', async () => {
    const enrollment = await openEnrolled();
    const answers = Array.from({ length: 100 }, () => {
      enrollment.refused('key-1', 'HTTP 401');
      return enrollment.obtain({ maxWaitMs: 1_000 });
    });
    await world.clock.advance(0);
    expect(await Promise.all(answers)).toEqual(
      Array.from({ length: 100 }, () => ({ kind: 'key', key: 'key-2' })),
    );
    expect(enrollment.status().lastReason).toBe('refused: HTTP 401');
    await world.clock.advance(5 * hour);
    expect(world.requests).toHaveLength(2);
    expect(world.database?.key).toBe('key-2');
  });

  test('of an old key that comes late leaves the new key alone', async () => {
    const enrollment = await openEnrolled();
    enrollment.refused('key-1', 'HTTP 401');
    await world.clock.advance(1_000);
    enrollment.refused('key-1', 'HTTP 401');
    enrollment.refused('', 'HTTP 401');
    expect(enrollment.key).toBe('key-2');
    await world.clock.advance(5 * hour);
    expect(world.requests).toHaveLength(2);
  });

  test('takes the key away at once, and it does not come back with a restart', async () => {
    const enrollment = await openEnrolled();
    world.server = () => badSecret;
    enrollment.refused('key-1', 'HTTP 401');
    expect([enrollment.key, world.events]).toEqual([undefined, ['key undefined']]);
    await world.clock.advance(1_000);
    await enrollment.close();
    expect(world.database?.key).toBe('key-1');
    const next = await world.open();
    expect(next.key).toBeUndefined();
  });

  test('is answered with the key that osquery enrolled meanwhile', async () => {
    const enrollment = await openEnrolled();
    world.database = { key: 'theirs', time: startS + 7_000 };
    enrollment.refused('key-1', 'HTTP 401');
    await world.clock.advance(0);
    expect(await enrollment.obtain({ maxWaitMs: 1_000 })).toEqual({ kind: 'key', key: 'theirs' });
    expect(world.requests).toHaveLength(1);
    expect(enrollment.status().lastReason).toBe("found in osquery's database");
    enrollment.refused('theirs', 'HTTP 401');
    await world.clock.advance(1_000);
    expect([enrollment.key, world.database.key, world.requests.length]).toEqual(['key-2', 'key-2', 2]);
  });

  test('is answered with a newer key of osquery although the next enrollment is far away', async () => {
    const enrollment = await world.open();
    await enrollment.obtain({ maxWaitMs: 1_000 });
    for (const [key, restMs] of Object.entries({ 'key-1': 1_000, 'key-2': 4_000, 'key-3': 16_000 })) {
      enrollment.refused(key, 'HTTP 401');
      await world.clock.advance(restMs);
    }
    world.database = { key: 'theirs', time: startS + 60 };
    enrollment.refused('key-4', 'HTTP 401');
    expect(enrollment.status().nextAttemptMs).toBe(64_000);
    expect(await enrollment.obtain({ maxWaitMs: 10_000 })).toEqual({ kind: 'key', key: 'theirs' });
    expect(world.requests).toHaveLength(4);
  });

  test('is not answered with an older key of osquery', async () => {
    const enrollment = await openEnrolled();
    world.database = { key: 'theirs', time: startS - 1 };
    enrollment.refused('key-1', 'HTTP 401');
    await world.clock.advance(0);
    expect([enrollment.key, world.database.key]).toEqual(['key-2', 'key-2']);
  });

  test('changes nothing with disable_reenrollment, but a newer key of osquery is taken', async () => {
    const enrollment = await openEnrolled();
    world.settings = { ...world.settings, disableReenrollment: true };
    for (let i = 0; i < 3; i++) {
      enrollment.refused('key-1', 'HTTP 401');
      await world.clock.advance(60_000);
    }
    expect([enrollment.key, world.requests.length]).toEqual(['key-1', 1]);
    expect(enrollment.status().lastError).toBe('the node key was refused: HTTP 401');
    expect(world.log.filter((line) => line.includes('--disable_reenrollment'))).toHaveLength(1);
    world.database = { key: 'theirs', time: startS + 7_000 };
    enrollment.refused('key-1', 'HTTP 401');
    await world.clock.advance(0);
    expect([enrollment.key, world.requests.length]).toEqual(['theirs', 1]);
  });

  test('says nothing of the key, whatever the server said', async () => {
    world.server = (attempt) =>
      attempt === 1 ? enrolled('s3cr3t') : { kind: 'retry', reason: 'HTTP 500: s3cr3t?' };
    const enrollment = await openEnrolled();
    enrollment.refused('s3cr3t', 'HTTP 401: no such\nnode: s3cr3t');
    await world.clock.advance(10_000);
    expect(enrollment.status()).toMatchObject({
      lastReason: 'refused: HTTP 401: no such node: <node_key>',
      lastError: 'HTTP 500: <node_key>?',
    });
    expect(JSON.stringify([world.log, enrollment.status(), world.file?.lastReason])).not.toContain('s3cr3t');
    const answer = await enrollment.obtain({ maxWaitMs: 1 });
    expect(answer.kind === 'none' && answer.reason).not.toContain('s3cr3t');
  });
});

describe('a server that refuses every key that it issues', () => {
  /** Refuses each key as soon as it is given out. */
  function refuseAlways(enrollment: Enrollment): void {
    enrollment.onKey((key) => {
      if (key !== undefined) setImmediate(() => enrollment.refused(key, 'HTTP 401'));
    });
  }

  test('gets an enrollment after 1 s, 4 s, 16 s and so on, at last every 15 min', async () => {
    const enrollment = await world.open();
    refuseAlways(enrollment);
    await enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(hour);
    expect(world.requests.map((ms) => ms / 1_000)).toEqual([0, 1, 5, 21, 85, 341, 1_241, 2_141, 3_041]);
  });

  test('gets no more when the process starts again and again', async () => {
    for (let start = 0; start < 60; start++) {
      const enrollment = await world.open();
      refuseAlways(enrollment);
      void enrollment.obtain({ maxWaitMs: 1_000 });
      await world.clock.advance(60_000);
      await enrollment.close();
    }
    expect(world.requests.length).toBeLessThanOrEqual(9);
  });

  test('is trusted again after a key that was good for an hour', async () => {
    const enrollment = await world.open();
    await enrollment.obtain({ maxWaitMs: 1_000 });
    for (const key of ['key-1', 'key-2', 'key-3']) {
      enrollment.refused(key, 'HTTP 401');
      await world.clock.advance(20_000);
    }
    expect(enrollment.key).toBe('key-4');
    await world.clock.advance(hour);
    enrollment.refused('key-4', 'HTTP 401');
    await world.clock.advance(0);
    expect(enrollment.key).toBe('key-5');
  });

  test('gets another chance at once when the secret changes', async () => {
    const enrollment = await world.open();
    refuseAlways(enrollment);
    await enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(400_000);
    expect(world.requests).toHaveLength(6);
    world.secret = 'another';
    await world.clock.advance(5_000);
    expect(world.requests).toHaveLength(7);
  });
});
