import { describe, expect, test } from 'vitest';
import { type Evidence, judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import type { LineKind } from './lines.ts';

const nothing: Evidence = { result: [], status: [], reportedDrops: 0, reportedQuarantine: 0 };

function accepted(...numbers: readonly (number | [number, LineKind])[]): Ledger {
  const ledger = new Ledger();
  for (const one of numbers) {
    const [number, kind] = typeof one === 'number' ? [one, 'plain' as const] : one;
    ledger.note([{ number, kind, text: '' }], 'accepted');
  }
  return ledger;
}

describe('the judge', () => {
  test('finds nothing wrong when everything arrived once and in order, in streams of their own', () => {
    expect(judge(accepted(1, 2, 3, 4), { ...nothing, result: [1, 4], status: [2, 3] })).toEqual({
      accepted: 4,
      delivered: 4,
      dropped: 0,
      quarantined: 0,
      unanswered: 0,
      lost: [],
      duplicated: [],
      reordered: [],
      unexpected: [],
      deliveredUnanswered: 0,
      contradictions: [],
    });
  });

  test('calls an accepted line lost that is not there', () => {
    expect(judge(accepted(1, 2), { ...nothing, result: [2] })).toMatchObject({ delivered: 1, lost: [1] });
  });

  test('counts each time that a line is there too often, also in the other stream', () => {
    const evidence = { ...nothing, result: [1, 1, 2], status: [2] };
    expect(judge(accepted(1, 2), evidence).duplicated).toEqual([1, 2]);
  });

  test('names lines that came after a later one', () => {
    expect(judge(accepted(1, 2, 3), { ...nothing, result: [2, 1, 3] }).reordered).toEqual([1]);
  });

  test('names lines that nobody handed over', () => {
    expect(judge(accepted(1), { ...nothing, result: [1, 9] }).unexpected).toEqual([9]);
  });

  test('allows a line without an answer to arrive or not, but not twice', () => {
    const ledger = accepted(1);
    for (const number of [2, 3]) ledger.note([{ number, kind: 'plain', text: '' }], 'unanswered');
    expect(judge(ledger, { ...nothing, result: [1, 2] })).toMatchObject({
      accepted: 1,
      delivered: 1,
      unanswered: 2,
      deliveredUnanswered: 1,
      lost: [],
      duplicated: [],
    });
    expect(judge(ledger, { ...nothing, result: [1, 2, 2] }).duplicated).toEqual([2]);
  });

  test('takes a refused line for quarantined only if the extension counts it there', () => {
    const ledger = accepted(1, [2, 'poison'], [3, 'oversize']);
    const evidence = { ...nothing, result: [1] };
    expect(judge(ledger, { ...evidence, reportedQuarantine: 2 })).toMatchObject({ quarantined: 2, lost: [] });
    expect(judge(ledger, { ...evidence, reportedQuarantine: 1 })).toMatchObject({
      quarantined: 1,
      lost: [3],
    });
  });

  test('does not take a good line for quarantined', () => {
    const verdict = judge(accepted(1, 2), { ...nothing, result: [1], reportedQuarantine: 1 });
    expect(verdict).toMatchObject({ quarantined: 0, lost: [2] });
    expect(verdict.contradictions).toHaveLength(1);
  });

  test('takes a missing line for dropped only as far as drops were reported', () => {
    const evidence = { ...nothing, result: [3], reportedDrops: 1 };
    expect(judge(accepted(1, 2, 3), evidence)).toMatchObject({ dropped: 1, lost: [2] });
  });

  test('does not believe reports of more drops than can be', () => {
    const evidence = { ...nothing, result: [1], reportedDrops: 1 };
    expect(judge(accepted(1), evidence).contradictions).toHaveLength(1);
    expect(judge(accepted(1), { ...evidence, doubtful: 1 })).toMatchObject({ lost: [], contradictions: [] });
  });
});
