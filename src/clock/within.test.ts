import { expect, test } from 'vitest';
import { VirtualClock } from '../testing/index.ts';
import { within } from './index.ts';

const never = () => new Promise<never>(() => {});

test('what comes in time is returned, and no timer stays', async () => {
  const clock = new VirtualClock();
  expect(await within(clock, 1000, async () => 'done')).toBe('done');
  await expect(within(clock, 1000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(clock.pending()).toEqual([]);
});

test('work that does not listen is left when the time is up, and has been told', async () => {
  const clock = new VirtualClock();
  let told: unknown;
  const work = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      told = signal.reason;
    });
    return never();
  };
  const waiting = within(clock, 2000, work, { late: () => new Error('too late') });
  const rejected = expect(waiting).rejects.toThrow('too late');
  await clock.advance(2000);
  await rejected;
  expect(told).toEqual(new Error('too late'));
  const plain = expect(within(clock, 1500, never)).rejects.toThrow('no answer within 1.5 s');
  await clock.advance(1500);
  await plain;
});

test('the signal of who asks ends it at once, also when that was before', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const waiting = expect(within(clock, 1000, never, { signal: stop.signal })).rejects.toThrow('stopped');
  stop.abort(new Error('stopped'));
  await waiting;
  let started = false;
  const work = async () => {
    started = true;
  };
  await expect(within(clock, 1000, work, { signal: stop.signal })).rejects.toThrow('stopped');
  expect(started).toBe(false);
  expect(clock.pending()).toEqual([]);
});
