import { expect, test } from 'vitest';
import { countLines, eachLine, parseLineNumbers } from './line-numbers.ts';

const lines = (text: string) =>
  [...eachLine(parseLineNumbers(text))].map(([record, row]) => `${record}.${row}`);

test('reads records, rows and ranges of both', () => {
  expect(lines('7,8.0-8.4,9-12')).toEqual('7.0 8.0 8.1 8.2 8.3 8.4 9.0 10.0 11.0 12.0'.split(' '));
  expect(lines('3.5')).toEqual(['3.5']);
  expect(lines(' 1 , 2-3 ')).toEqual(['1.0', '2.0', '3.0']);
  expect(lines('')).toEqual([]);
});

test('counts without listing, so that a huge range costs nothing', () => {
  expect(countLines(parseLineNumbers('1-9007199254740991'))).toBe(9007199254740991);
});

test.each([
  ['x', '"x" is not a number'],
  ['1,,2', '"" is not a number'],
  ['-1', '"-1" is not a number'],
  ['1-2-3', '"1-2-3" is not a number'],
  ['0', 'records count from 1'],
  ['5-4', 'runs backwards'],
  ['8.4-8.0', 'runs backwards'],
  ['8.0-9.1', 'a range with rows stays within one record'],
  ['8.0-9', 'a range with rows stays within one record'],
  ['8-8.3', 'a range with rows stays within one record'],
  ['9999999999999999', 'is too large'],
  ['2,1', '"1" does not come after 2.0'],
  ['1,1', '"1" does not come after 1.0'],
  ['1-5,3-9', '"3-9" does not come after 5.0'],
  ['8.0-8.4,8.4', '"8.4" does not come after 8.4'],
])('refuses %j', (text, message) => {
  expect(() => parseLineNumbers(text)).toThrow(message);
});
