import { expect, test } from 'vitest';
import { DecoratorSet } from './decorators.ts';
import { readJson } from './json-reader.ts';
import type { StatusEvent } from './status-line.ts';

/** Answers every query with one column of that name, whose value is how often it ran. */
function counting(status: StatusEvent[] = []) {
  const runs = new Map<string, number>();
  const set = new DecoratorSet(
    async (sql) => {
      if (sql === 'bad') return { error: 'no such table: x' };
      const count = (runs.get(sql) ?? 0) + 1;
      runs.set(sql, count);
      return { rows: [new Map([[sql, BigInt(count)]])], columns: [sql] };
    },
    (event) => status.push(event),
  );
  return set;
}

const config = readJson('{"load": ["l"], "always": ["a"], "interval": {"60": ["i60"], "120": ["i120"]}}');

test('load decorators run at once, the others when they are due', async () => {
  const set = counting();
  await set.update('source', config);
  expect(Object.fromEntries(set.values())).toEqual({ l: '1' });
  await set.run('always');
  await set.run({ second: 60 });
  await set.run({ second: 120 });
  expect(Object.fromEntries(set.values())).toEqual({ l: '1', a: '1', i60: '2', i120: '1' });
});

test('an update without decorators forgets the values of its source only', async () => {
  const set = counting();
  await set.update('one', readJson('{"load": ["x"]}'));
  await set.update('two', readJson('{"load": ["y"]}'));
  await set.update('one', undefined);
  expect([...set.values().keys()]).toEqual(['y']);
});

test('a query that fails and an interval that is no multiple of a minute are logged', async () => {
  const status: StatusEvent[] = [];
  const set = counting(status);
  await set.update('source', readJson('{"load": ["bad"], "interval": {"61": ["never"]}}'));
  await set.run({ second: 61 });
  expect(set.values().size).toBe(0);
  expect(status.map(({ severity }) => severity)).toEqual([1, 2]);
});
