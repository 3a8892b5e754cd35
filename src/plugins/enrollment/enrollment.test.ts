import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome, TransportReply } from '../transport/index.ts';
import { badSecret, enrolled, SimulatedWorld } from './simulated.ts';

const startS = Date.UTC(2026, 0, 1) / 1_000;
const hour = 3_600_000;

let world: SimulatedWorld;

beforeEach(() => {
  world = new SimulatedWorld();
});

afterEach(() => world.close());

describe('a first enrollment', () => {
  test('is stored, then used, then written to the database of osquery', async () => {
    const enrollment = await world.open();
    expect(enrollment.status()).toEqual({ enrolled: false, lastReason: '', lastError: '', attempts: 0 });
    expect(await enrollment.obtain({ maxWaitMs: 1_000 })).toEqual({ kind: 'key', key: 'key-1' });
    await world.clock.advance(0);
    expect(world.events).toEqual(['save undefined', 'request', 'save key-1', 'key key-1', 'write key-1']);
    expect(world.database).toEqual({ key: 'key-1', time: startS });
    expect(enrollment.status()).toEqual({
      enrolled: true,
      keyTime: startS,
      lastReason: 'first enrollment',
      lastError: '',
      attempts: 0,
    });
    await enrollment.close();
    expect(world.clock.pending()).toEqual([]);
  });

  test('begins when somebody needs a key, also before the state is loaded', async () => {
    const enrollment = world.start();
    const key = enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(500);
    expect(world.requests).toEqual([]);
    await enrollment.open();
    expect(await key).toEqual({ kind: 'key', key: 'key-1' });
  });

  test('carries the time from before the request', async () => {
    world.server = async () => {
      await world.clock.sleep(9_000);
      return enrolled('slow');
    };
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 60_000 });
    await world.clock.advance(10_000);
    expect(world.file?.key).toEqual({ key: 'slow', time: startS });
  });
});

describe('a server that refuses', () => {
  test.each([0, 1])(
    'gets at most 22 attempts in the first hour at the default flags (jitter %d)',
    async (random) => {
      world.server = () => badSecret;
      world.random = random;
      const enrollment = await world.open();
      for (let minute = 0; minute < 60; minute++) {
        void enrollment.obtain({ maxWaitMs: 50_000 });
        await world.clock.advance(60_000);
      }
      expect(world.requests.length).toBe(random === 0 ? 22 : 21);
    },
  );

  test('sees the waits of osquery, and after a restart the rest of the wait', async () => {
    world.server = () => badSecret;
    const first = await world.open();
    void first.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(20_000);
    expect(world.requests).toEqual([0, 1_000, 5_000, 14_000]);
    for (let restart = 0; restart < 5; restart++) {
      const enrollment = await world.open();
      void enrollment.obtain({ maxWaitMs: 1_000 });
      await world.clock.advance(1_000);
      await enrollment.close();
    }
    expect(world.requests).toHaveLength(4);
    await first.close();
    const last = await world.open();
    void last.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(5_000);
    expect(world.requests.slice(4)).toEqual([30_000]);
    expect(last.status()).toMatchObject({
      attempts: 5,
      nextAttemptMs: 25_000,
      lastError: 'HTTP 401: enroll failed',
    });
  });

  test('is left alone for as long as it asks for', async () => {
    world.server = () => ({ kind: 'retry', reason: 'HTTP 429', afterMs: 60_000 });
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 30_000 });
    await world.clock.advance(1_000);
    const reason = 'not enrolled, next attempt in 59 s: HTTP 429';
    expect(await enrollment.obtain({ maxWaitMs: 30_000 })).toEqual({ kind: 'none', reason });
    await world.clock.advance(118_000);
    expect(world.requests).toEqual([0, 60_000]);
  });

  test('is not asked sooner because the wall clock jumps, nor forgotten', async () => {
    world.server = () => ({ kind: 'retry', reason: 'HTTP 503', afterMs: 60_000 });
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(1_000);
    world.clock.jump(-10 * hour);
    await world.clock.advance(58_000);
    expect(world.requests).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(world.requests).toHaveLength(2);
    await enrollment.close();
    world.clock.jump(-10 * hour);
    const next = await world.open();
    void next.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(60_000);
    expect(world.requests).toHaveLength(3);
  });

  test('is heard again within 5 s when the secret changes', async () => {
    world.server = () => (world.secret === 'right' ? enrolled('key') : badSecret);
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(hour);
    world.secret = 'right';
    await world.clock.advance(5_000);
    expect(enrollment.key).toBe('key');
    expect(enrollment.status()).toMatchObject({ lastError: '', attempts: 0 });
  });

  test('is heard again at once when the secret changed while nobody was there', async () => {
    world.server = () => (world.secret === 'right' ? enrolled('key') : badSecret);
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(hour);
    await enrollment.close();
    world.secret = 'right';
    const next = await world.open();
    expect(await next.obtain({ maxWaitMs: 1_000 })).toEqual({ kind: 'key', key: 'key' });
  });

  test('that accepts again is found without help', async () => {
    world.server = (attempt) => (world.clock.monotonic() > 5 * hour ? enrolled(`key-${attempt}`) : badSecret);
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 1_000 });
    await world.clock.advance(5 * hour + 600_000);
    expect(enrollment.status().enrolled).toBe(true);
  });
});

describe('calls that wait', () => {
  test('join one series', async () => {
    world.server = (attempt) => (attempt < 3 ? badSecret : enrolled('key'));
    const enrollment = await world.open();
    const answers = Promise.all(
      [10_000, 20_000, 30_000].map((maxWaitMs) => enrollment.obtain({ maxWaitMs })),
    );
    await world.clock.advance(10_000);
    expect(await answers).toEqual(Array.from({ length: 3 }, () => ({ kind: 'key', key: 'key' })));
    expect(world.requests).toEqual([0, 1_000, 5_000]);
  });

  test('wait no longer than they want', async () => {
    world.server = () => new Promise(() => {});
    const enrollment = await world.open();
    const answer = enrollment.obtain({ maxWaitMs: 50_000 });
    await world.clock.advance(50_000);
    expect(await answer).toEqual({ kind: 'none', reason: 'no node key within 50 s' });
  });

  test('see tls_enroll_max_attempts attempts, and the series goes on behind', async () => {
    world.settings = { ...world.settings, maxAttempts: 2 };
    world.server = (attempt) => (attempt < 4 ? badSecret : enrolled('key'));
    const enrollment = await world.open();
    const answer = enrollment.obtain({ maxWaitMs: 60_000 });
    await world.clock.advance(1_000);
    const none = { kind: 'none', reason: 'not enrolled, next attempt in 4 s: HTTP 401: enroll failed' };
    expect(await answer).toEqual(none);
    expect(await enrollment.obtain({ maxWaitMs: 60_000 })).toEqual(none);
    expect(world.requests).toHaveLength(2);
    await world.clock.advance(13_000);
    expect(world.events.at(-2)).toBe('key key');
    expect(await enrollment.obtain({ maxWaitMs: 0 })).toEqual({ kind: 'key', key: 'key' });
  });

  test('can be given up, and leave nothing behind', async () => {
    world.server = () => new Promise(() => {});
    const enrollment = await world.open();
    const stop = new AbortController();
    const answer = enrollment.obtain({ maxWaitMs: 77_777, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await expect(enrollment.obtain({ maxWaitMs: 1, signal: stop.signal })).rejects.toThrow('enough');
    expect(world.clock.pending()).not.toContain(77_777);
  });

  test('are answered when the enrollment is closed, and the request is given up', async () => {
    let aborted = false;
    const enrollment = world.start({
      request: (signal) =>
        new Promise<TransportReply>((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason);
          });
        }),
    });
    await enrollment.open();
    const answer = enrollment.obtain({ maxWaitMs: 50_000 });
    await world.clock.advance(1_000);
    await enrollment.close();
    expect([await answer, aborted]).toEqual([{ kind: 'none', reason: 'closing' }, true]);
    expect(world.clock.pending()).toEqual([]);
  });
});

describe('an attempt', () => {
  test('in which the process died counts', async () => {
    world.server = () => new Promise(() => {});
    for (let start = 0; start < 20; start++) {
      const enrollment = await world.open();
      void enrollment.obtain({ maxWaitMs: 500 });
      await world.clock.advance(1_000);
      await enrollment.close();
    }
    expect(world.requests).toEqual([0, 1_000, 5_000, 14_000]);
  });

  test('that throws or hangs has failed', async () => {
    const outcomes: (() => Promise<Outcome>)[] = [
      () => Promise.reject(new Error('host_details: core is away')),
      () => new Promise(() => {}),
      async () => enrolled('key'),
    ];
    world.server = (attempt) => outcomes[attempt - 1]?.() ?? badSecret;
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 500 });
    await world.clock.advance(500);
    expect(enrollment.status().lastError).toBe('host_details: core is away');
    await world.clock.advance(120_500);
    expect(enrollment.status().lastError).toBe('no answer within 120 s');
    await world.clock.advance(4_000);
    expect([enrollment.key, world.requests]).toEqual(['key', [0, 1_000, 125_000]]);
  });

  test('brings a blank key only with a client certificate', async () => {
    world.server = () => enrolled('');
    const enrollment = await world.open();
    void enrollment.obtain({ maxWaitMs: 500 });
    await world.clock.advance(500);
    expect(enrollment.status()).toMatchObject({
      enrolled: false,
      lastError: 'the node key in the answer is blank',
    });
    world.settings = { ...world.settings, clientCertificate: true };
    await world.clock.advance(500);
    expect(await enrollment.obtain({ maxWaitMs: 500 })).toEqual({ kind: 'key', key: '' });
    expect(enrollment.status().enrolled).toBe(true);
    await enrollment.close();
    const next = await world.open();
    expect([next.key, world.requests.length, world.database]).toEqual(['', 2, undefined]);
  });
});
