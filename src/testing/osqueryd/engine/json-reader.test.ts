import { expect, test } from 'vitest';
import { isNumber, isObject, member, readJson } from './json-reader.ts';
import { jsonDouble, jsonString, jsonText, type Members, setMember } from './json-writer.ts';

test('members keep their order, number-like names included, and the first of two is found', () => {
  const object = readJson('{"10": 1, "2": 2, "a": 3, "a": 4}');
  if (!isObject(object)) throw new Error('not an object');
  expect(object.members.map(([name]) => name)).toEqual(['10', '2', 'a', 'a']);
  const found = member(object, 'a');
  expect(isNumber(found) && found.value).toBe(3);
});

test.each([
  '',
  '{',
  '{"a"}',
  '{"a":1,}',
  '[1 2]',
  '01',
  'nul',
  '"\n"',
  '"\\x"',
  '"\\ud800"',
  '"\\ud800\\u0041"',
  '{} trailing',
  '\xef\xbb\xbf{}',
])('%j is not JSON', (text) => {
  expect(readJson(text)).toBeUndefined();
});

test('bytes that are not UTF-8 stay, escapes become UTF-8, and the text ends at a NUL', () => {
  expect(readJson('"\xff\\u00e4\\ud83d\\ude00"\0 garbage')).toBe('\xff\xc3\xa4\xf0\x9f\x98\x80');
});

test('what was read is written again without spaces', () => {
  const text = ' { "b" : [1, 2.5, true, null], "a" : {"x": "\\n/\\u0001"}, "b": -3 } ';
  const value = readJson(text);
  expect(value === undefined ? '' : jsonText(value)).toBe(
    '{"b":[1,2.5,true,null],"a":{"x":"\\n/\\u0001"},"b":-3}',
  );
});

test('control bytes are escaped in capitals, DEL and high bytes are not', () => {
  expect(jsonString('\x1b\x01\t\x7f\xff"\\/')).toBe('"\\u001B\\u0001\\t\x7f\xff\\"\\\\/"');
});

test.each([
  [3.5, '3.5'],
  [1, '1.0'],
  [-0.25, '-0.25'],
  [0, '0.0'],
  [1e20, '100000000000000000000.0'],
  [1e21, '1e21'],
  [1.5e-7, '1.5e-7'],
  [0.000001, '0.000001'],
])('the double %s is written %s', (value, text) => {
  expect(jsonDouble(value)).toBe(text);
});

test('a member that comes again is removed first, and the last member takes its place', () => {
  const members: Members = [];
  for (const name of ['a', 'b', 'c', 'a']) setMember(members, name, `"${name}"`);
  expect(members.map(([name]) => name)).toEqual(['c', 'b', 'a']);
});
