import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSet } from './line-set.ts';

test('says of each line whether it is new, whatever the order, also after it was stored and read', () => {
  const line = fc.record({ record: fc.integer({ min: 1, max: 40 }), row: fc.integer({ min: 0, max: 4 }) });
  fc.assert(
    fc.property(fc.array(fc.tuple(line, fc.boolean()), { maxLength: 200 }), (steps) => {
      let set = new LineSet();
      const truth = new Set<string>();
      for (const [{ record, row }, store] of steps) {
        const name = `${record}.${row}`;
        expect(set.add(record, row)).toBe(!truth.has(name));
        truth.add(name);
        if (store) set = LineSet.parse(set.toString());
      }
    }),
  );
});

test('is small where records are lines and where gaps close', () => {
  const set = new LineSet();
  for (let record = 1; record <= 1000; record += 2) set.add(record, 0);
  for (let record = 2; record <= 1000; record += 2) set.add(record, 0);
  expect(set.toString()).toBe('1-1000;');
});

test('a missing row of a record stays missing when the next record came', () => {
  const set = new LineSet();
  for (const row of [0, 1, 2, 4]) set.add(8, row);
  set.add(9, 0);
  expect(set.toString()).toBe('8-9;8.1-8.2,8.4-8.4');
  expect(set.add(8, 3)).toBe(true);
});
