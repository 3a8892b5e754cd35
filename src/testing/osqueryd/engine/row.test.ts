import { expect, test } from 'vitest';
import { compareRows, type Row, rowKey, valueText } from './row.ts';

test.each([
  [3.5, '3.5'],
  [1, '1.0'],
  [-0.5, '-0.5'],
  [0, '0.0'],
  [10_000_000_000, '10000000000.0'],
  [0.1 + 0.2, '0.3'],
  [123_456_789_012_345_680, '1.23456789012346e+17'],
  [1e20, '1e+20.0'],
  [0.00001, '1e-05.0'],
  [0.000123, '0.000123'],
  [Number.POSITIVE_INFINITY, 'inf.0'],
  [5n, '5'],
  ['text', 'text'],
])('the value %s is written %s', (value, text) => {
  expect(valueText(value)).toBe(text);
});

test('rows are equal by columns, types and values, whatever the order of the columns', () => {
  const row: Row = new Map<string, bigint | string>([
    ['b', 1n],
    ['a', 'x'],
  ]);
  const same: Row = new Map<string, bigint | string>([
    ['a', 'x'],
    ['b', 1n],
  ]);
  const asText: Row = new Map([
    ['a', 'x'],
    ['b', '1'],
  ]);
  expect(rowKey(row)).toBe(rowKey(same));
  expect(rowKey(row)).not.toBe(rowKey(asText));
});

test('removed rows are sorted by value within a type, integers before texts', () => {
  const rows: Row[] = [
    new Map([['a', 'b']]),
    new Map([['a', 10n]]),
    new Map([['a', 'a']]),
    new Map([['a', 9n]]),
  ];
  expect(rows.sort(compareRows).map((row) => row.get('a'))).toEqual([9n, 10n, 'a', 'b']);
});
