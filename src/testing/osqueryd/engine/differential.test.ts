import { expect, test } from 'vitest';
import { compareResults, nextDifferential } from './differential.ts';
import type { Row } from './row.ts';

const rows = (...values: bigint[]): Row[] => values.map((value) => new Map([['a', value]]));
const values = (list: readonly Row[]) => list.map((row) => row.get('a'));

test('added rows come in the order of the result, removed ones sorted, equal ones are counted', () => {
  const changes = compareResults(rows(5n, 3n, 1n, 1n), rows(9n, 1n, 7n));
  expect(values(changes.added)).toEqual([9n, 7n]);
  expect(values(changes.removed)).toEqual([1n, 3n, 5n]);
});

test('the first result of an epoch is all added with counter 0', () => {
  const first = nextDifferential(undefined, 'q', 0, rows(1n));
  expect([first.counter, first.fresh, values(first.changes.added)]).toEqual([0, 'new', [1n]]);
  const other = nextDifferential(first.state, 'q', 1, rows(1n));
  expect([other.counter, other.fresh, values(other.changes.added)]).toEqual([0, 'epoch', [1n]]);
});

test('the counter goes up with changes only', () => {
  const first = nextDifferential(undefined, 'q', 0, rows(1n));
  const same = nextDifferential(first.state, 'q', 0, rows(1n));
  expect(same.state.counter).toBe(0);
  const changed = nextDifferential(same.state, 'q', 0, rows(2n));
  expect([changed.counter, changed.state.counter]).toEqual([1, 1]);
});

test('a changed query is compared with the old rows and starts to count again', () => {
  const first = nextDifferential(undefined, 'q', 0, rows(1n));
  const second = nextDifferential(first.state, 'q', 0, rows(2n));
  const updated = nextDifferential(second.state, 'q2', 0, rows(2n, 3n));
  expect([updated.updated, updated.counter, values(updated.changes.added)]).toEqual([true, 0, [3n]]);
});
