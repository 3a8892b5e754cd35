import { expect, test } from 'vitest';
import type { ScheduledQuery } from './pack.ts';
import { SchedulePace, stepAt } from './scheduler.ts';
import { memorySplays, splayedInterval } from './splay.ts';

function query(name: string, splayed: number): ScheduledQuery {
  const options = { snapshot: false, removed: true, denylist: true };
  return { name, query: 'select 1', interval: splayed, splayedInterval: splayed, ...options };
}

test('a query runs in the seconds that are multiples of its interval', () => {
  const schedule = [query('every', 1), query('third', 3), query('fourth', 4)];
  const names = (second: number) => stepAt(second, schedule).queries.map(({ name }) => name);
  expect(names(12)).toEqual(['every', 'third', 'fourth']);
  expect(names(13)).toEqual(['every']);
  expect(names(15)).toEqual(['every', 'third']);
});

test('status lines go out every third second, interval decorators every minute, a reload every hour', () => {
  expect(stepAt(7200, [])).toEqual({
    queries: [],
    intervalDecorators: true,
    reload: true,
    relayStatus: true,
  });
  expect(stepAt(7201, [])).toEqual({
    queries: [],
    intervalDecorators: false,
    reload: false,
    relayStatus: false,
  });
  expect([7202, 7203, 7204].map((second) => stepAt(second, []).relayStatus)).toEqual([false, true, false]);
  expect(stepAt(7200, [], 0).reload).toBe(false);
});

test('a long step is made up for by steps without a pause', () => {
  const pace = new SchedulePace();
  expect(pace.pauseAfter(100)).toBe(900);
  expect(pace.pauseAfter(1500)).toBe(0);
  expect(pace.pauseAfter(100)).toBe(400);
  expect(pace.pauseAfter(100)).toBe(900);
});

test('drift beyond the limit is forgotten', () => {
  const pace = new SchedulePace();
  expect(pace.pauseAfter(62_000)).toBe(0);
  expect(pace.pauseAfter(100)).toBe(900);
});

test('a splayed interval is chosen once and kept until the interval changes', () => {
  const store = memorySplays();
  const splay = (interval: number, random: number) => splayedInterval('q', interval, 10, store, () => random);
  expect(splay(3600, 0)).toBe(3240);
  expect(splay(3600, 0.99)).toBe(3240);
  expect(store.get('q')).toBe('3600:3240');
  expect(splay(600, 0.9999)).toBe(660);
});

test('short intervals are not splayed, nor any with splay percent 0', () => {
  expect(splayedInterval('q', 9, 10, memorySplays(), () => 0.99)).toBe(9);
  expect(splayedInterval('q', 3600, 0, memorySplays(), () => 0.99)).toBe(3600);
});
