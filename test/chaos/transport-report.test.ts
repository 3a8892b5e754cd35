import { expect, test } from 'vitest';
import type { Verdict } from './judge.ts';
import { isGoodTransport, transportReport } from './transport-report.ts';
import type { TransportRunResult } from './transport-run.ts';

const verdict: Verdict = {
  accepted: 10,
  delivered: 8,
  dropped: 0,
  quarantined: 2,
  unanswered: 0,
  lost: [],
  duplicated: [],
  reordered: [],
  unexpected: [],
  deliveredUnanswered: 0,
  contradictions: [],
};

const good: TransportRunResult = {
  title: 'a run',
  verdict,
  exit78: [],
  violations: [],
  notes: [],
  directory: '',
  wanted: 3,
  faults: new Map([
    ['module spin', 1],
    ['socket refused', 2],
  ]),
  pingP99Ms: 12.34,
};

test('the last line is for programs, and the kinds are told', () => {
  const lines = transportReport(good);
  expect(lines.at(-1)).toBe('faults=3 lost=0 duplicated=0 exit78=0 ping_p99_ms=12.3');
  expect(lines[0]).toBe('faults by kind: module spin 1, socket refused 2');
  expect(isGoodTransport(good)).toBe(true);
});

test.each<[what: string, wrong: Partial<TransportRunResult>]>([
  ['a lost line', { verdict: { ...verdict, lost: [4], delivered: 7 } }],
  ['a doubled line', { verdict: { ...verdict, duplicated: [4] } }],
  ['a call that ends osqueryd', { exit78: ['string for line 3: closed'] }],
  ['sums that do not add up', { verdict: { ...verdict, quarantined: 1 } }],
  ['a fault that never happened', { faults: new Map([['module spin', 1]]) }],
])('%s is not good', (_what, wrong) => {
  expect(isGoodTransport({ ...good, ...wrong })).toBe(false);
});
