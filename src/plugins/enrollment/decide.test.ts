import { describe, expect, test } from 'vitest';
import { restMs, retryWaitMs } from './back-off.ts';
import {
  decide,
  type EnrollmentEvent,
  type EnrollmentState,
  isHopeless,
  isNewer,
  noEnrollment,
  waitMs,
} from './decide.ts';
import { fromStored, toStored } from './stored.ts';

const settings = { maxIntervalS: 600 };
const day = 86_400;

function follow(state: EnrollmentState, ...events: EnrollmentEvent[]): EnrollmentState {
  return events.reduce((before, event) => decide(before, event, settings), state);
}

function attempt(now: number, afterMs?: number): EnrollmentEvent[] {
  return [
    { kind: 'began', now, random: 0 },
    { kind: 'failed', afterMs, now, random: 0 },
  ];
}

function refusal(wallS: number, now = 0): EnrollmentEvent {
  return { kind: 'refused', wallS, now, random: 0 };
}

describe('the wait after a failed attempt', () => {
  test('is n² seconds, at most tls_enroll_max_interval', () => {
    const waits = [1, 2, 3, 12, 24, 25, 1_000].map((n) => retryWaitMs(n, undefined, 0, settings) / 1_000);
    expect(waits).toEqual([1, 4, 9, 144, 576, 600, 600]);
    expect(retryWaitMs(30, undefined, 0, { maxIntervalS: 0 })).toBe(1_000);
  });

  test('is made longer by jitter, never shorter', () => {
    expect(retryWaitMs(10, undefined, 0, settings)).toBe(100_000);
    expect(retryWaitMs(10, undefined, 1, settings)).toBe(125_000);
  });

  test('is what the server asks for if that is longer, but at most an hour', () => {
    expect(retryWaitMs(1, 60_000, 0, settings)).toBe(60_000);
    expect(retryWaitMs(10, 60_000, 0, settings)).toBe(100_000);
    expect(retryWaitMs(1, -5, 0, settings)).toBe(1_000);
    expect(retryWaitMs(1, 86_400_000, 0, settings)).toBe(3_600_000);
  });

  test('grows from attempt to attempt and is over with the key', () => {
    const two = follow(noEnrollment, ...attempt(0), ...attempt(1_000));
    expect([two.attempts, two.notBefore]).toEqual([2, 5_000]);
    const taken = follow(two, { kind: 'took', key: { key: 'a', time: 5 } });
    expect([taken.attempts, waitMs(taken, 2_000)]).toEqual([0, 0]);
  });

  test('stands from the beginning of the attempt, in case the process dies in it', () => {
    const began = follow(noEnrollment, ...attempt(0), { kind: 'began', now: 1_000, random: 0 });
    expect([began.attempts, waitMs(began, 1_000)]).toEqual([2, 4_000]);
  });

  test('an attempt that never left this host is none', () => {
    const event = { kind: 'unsent', afterMs: 8_000, now: 1_000, random: 0 } as const;
    const state = follow(noEnrollment, ...attempt(0), { kind: 'began', now: 1_000, random: 0 }, event);
    expect([state.attempts, waitMs(state, 1_000)]).toEqual([1, 8_000]);
    expect(waitMs(follow(state, { ...event, afterMs: undefined }), 1_000)).toBe(1_000);
  });
});

describe('the breaker', () => {
  test('rests longer after each key that was refused within an hour of its issue, at most 15 min', () => {
    const rests: number[] = [];
    let state = noEnrollment;
    for (let i = 0; i < 8; i++) {
      state = follow(state, { kind: 'took', key: { key: `key-${i}`, time: 1_000 } }, refusal(1_000 + 3_599));
      rests.push(waitMs(state, 0) / 1_000);
    }
    expect(rests).toEqual([1, 4, 16, 64, 256, 900, 900, 900]);
    expect(restMs(6, 1)).toBe(1_125_000);
  });

  test('has forgotten everything after a key that was good for an hour', () => {
    const struck = follow(noEnrollment, { kind: 'took', key: { key: 'a', time: day } }, refusal(day));
    const state = follow(struck, { kind: 'took', key: { key: 'b', time: day } }, refusal(day + 3_600, 500));
    expect([state.strikes, waitMs(state, 500)]).toEqual([0, 0]);
  });

  test('takes a key from the future for a fresh one', () => {
    const state = follow(noEnrollment, { kind: 'took', key: { key: 'a', time: 2 * day } }, refusal(day));
    expect(state.strikes).toBe(1);
  });

  test('does not count a key that enroll_always gives up', () => {
    const state = follow(
      noEnrollment,
      { kind: 'took', key: { key: 'a', time: day } },
      { kind: 'gave_up', now: 0 },
    );
    expect([state.key, state.refused?.key, state.strikes, waitMs(state, 0)]).toEqual([undefined, 'a', 0, 0]);
  });
});

describe('a changed secret', () => {
  const waiting = follow(
    noEnrollment,
    { kind: 'looked', mark: 'a', now: 0 },
    ...Array.from({ length: 20 }, () => attempt(0)).flat(),
  );

  test('brings the next attempt forward to now, once', () => {
    expect(waitMs(waiting, 0)).toBe(400_000);
    const same = follow(waiting, { kind: 'looked', mark: 'a', now: 5_000 });
    expect(waitMs(same, 5_000)).toBe(395_000);
    const changed = follow(same, { kind: 'looked', mark: 'b', now: 10_000 });
    expect(waitMs(changed, 10_000)).toBe(0);
    const failed = follow(changed, ...attempt(10_000), { kind: 'looked', mark: 'b', now: 15_000 });
    expect(waitMs(failed, 15_000)).toBe(441_000 - 5_000);
  });

  test('that changes all the time brings attempts forward every 30 s at most', () => {
    const changed = follow(waiting, { kind: 'looked', mark: 'b', now: 10_000 }, ...attempt(10_000));
    const again = follow(changed, { kind: 'looked', mark: 'c', now: 15_000 });
    expect(waitMs(again, 15_000)).toBe(25_000);
  });

  test('never puts an attempt off', () => {
    const one = follow(noEnrollment, { kind: 'looked', mark: 'a', now: 0 }, ...attempt(0));
    const changed = follow(one, { kind: 'looked', mark: 'b', now: 0 }, ...attempt(0));
    expect(waitMs(follow(changed, { kind: 'looked', mark: 'c', now: 0 }), 0)).toBe(4_000);
  });

  test('says nothing the first time that it is seen', () => {
    expect(follow(noEnrollment, ...attempt(0), { kind: 'looked', mark: 'a', now: 0 }).notBefore).toBe(1_000);
  });
});

describe("a key in osquery's database", () => {
  const held = follow(noEnrollment, { kind: 'took', key: { key: 'ours', time: 100 } });
  const refused = follow(held, refusal(200));

  test.each([
    ['any key, while there was none', 'theirs', 0, noEnrollment, true],
    ['a newer one than ours', 'theirs', 101, held, true],
    ['one of the same second', 'theirs', 100, held, false],
    ['an older one', 'theirs', 99, held, false],
    ['our own, with a later time', 'ours', 101, held, false],
    ['a newer one than the refused one', 'theirs', 101, refused, true],
    ['an older one than the refused one', 'theirs', 99, refused, false],
    ['the refused one, with a later time', 'ours', 300, refused, false],
    ['a blank one', '', 300, noEnrollment, false],
  ] as const)('%s', (_, key, time, state, adopted) => {
    expect(isNewer({ key, time }, state)).toBe(adopted);
  });
});

test('a call waits while an attempt is in its reach and it has not seen tls_enroll_max_attempts of them', () => {
  const twelve = { ...noEnrollment, attempts: 12 };
  expect(isHopeless({ ...noEnrollment, attempts: 11 }, 1_000, 1_000, { maxAttempts: 12 })).toBe(false);
  expect(isHopeless({ ...noEnrollment, attempts: 1 }, 1_001, 1_000, { maxAttempts: 12 })).toBe(true);
  expect(isHopeless(twelve, 1_000, 1_000, { maxAttempts: 12 })).toBe(true);
  expect(isHopeless(twelve, 0, 1_000, { maxAttempts: 12 })).toBe(false);
  expect(isHopeless(twelve, 1_000, 1_000, { maxAttempts: 0 })).toBe(false);
});

describe('what is stored', () => {
  const state = follow(
    noEnrollment,
    { kind: 'looked', mark: 'a', now: 0 },
    { kind: 'took', key: { key: 'one', time: 50 } },
    refusal(60, 1_000),
    ...attempt(2_000),
    ...attempt(3_000),
  );
  const stored: unknown = JSON.parse(
    JSON.stringify(toStored(state, 'refused: why', { now: 3_000, wall: 1_000_000 })),
  );

  test('comes back in a process whose monotonic clock says something else', () => {
    const back = fromStored(stored, { now: 77, wall: 1_001_000 });
    expect(back).toEqual({ state: { ...state, notBefore: 77 + 3_000 }, lastReason: 'refused: why' });
    expect(back.state).toMatchObject({
      refused: { key: 'one', time: 50 },
      attempts: 2,
      strikes: 1,
      mark: 'a',
    });
  });

  test('waits no longer than was decided when the wall clock was set back, and not at all when it is over', () => {
    expect(waitMs(fromStored(stored, { now: 0, wall: -9e9 }).state, 0)).toBe(4_000);
    expect(waitMs(fromStored(stored, { now: 0, wall: 9e9 }).state, 0)).toBe(0);
  });

  test.each([
    undefined,
    null,
    7,
    'x',
    [],
    {},
    { key: 'x', attempts: 'x', strikes: -1, mark: 1, waitMs: null },
  ])('is nothing if it makes no sense: %j', (nonsense) => {
    expect(fromStored(nonsense, { now: 5, wall: 5 })).toEqual({ state: noEnrollment, lastReason: '' });
  });
});
