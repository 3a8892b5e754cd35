import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachNumber, NumberRanges } from './numbers.ts';

test('numbers are listed as ranges and read again', () => {
  const ranges = new NumberRanges();
  const lines = [
    [7, 0],
    [8, 0],
    [8, 1],
    [9, 0],
    [10, 0],
    [12, 3],
  ].map(([record = 0, row = 0]) => ({ record, row }));
  for (const line of lines) ranges.add(line);
  const text = ranges.toString();
  expect(text).toBe('7-8,8.1,9-10,12.3');
  expect([...eachNumber(text)]).toEqual(lines);
  expect([...eachNumber('')]).toEqual([]);
  expect([...eachNumber('8.0-8.2')].map(({ row }) => row)).toEqual([0, 1, 2]);
});

test('whatever rises comes back', () => {
  const steps = fc.array(fc.record({ record: fc.nat(3), row: fc.nat(3) }));
  fc.assert(
    fc.property(steps, (list) => {
      let at = { record: 1, row: -1 };
      const lines = list.map(({ record, row }) => {
        at =
          record === 0 ? { record: at.record, row: at.row + 1 + row } : { record: at.record + record, row };
        return at;
      });
      const ranges = new NumberRanges();
      for (const line of lines) ranges.add(line);
      expect([...eachNumber(ranges.toString())]).toEqual(lines);
    }),
  );
});
