import { expect, test } from 'vitest';
import { splitResults } from './split-results.ts';

/** Ids and texts, as latin1 so that every byte can be seen. */
function split(text: string): [string, string][] {
  return splitResults(Buffer.from(text, 'latin1')).map(({ id, bytes }) => [id, bytes.toString('latin1')]);
}

test('each query is a text of the same form, with all that belongs to it', () => {
  const text =
    '{"queries":{"a":[{"x":"1"}],"b":[]},"statuses":{"a":0,"b":1},"messages":{"a":"","b":"no such table: x"},"stats":{"a":{"memory":0},"b":{}}}';
  expect(split(text)).toEqual([
    ['a', '{"queries":{"a":[{"x":"1"}]},"statuses":{"a":0},"messages":{"a":""},"stats":{"a":{"memory":0}}}'],
    ['b', '{"queries":{"b":[]},"statuses":{"b":1},"messages":{"b":"no such table: x"},"stats":{"b":{}}}'],
  ]);
});

test.each([
  ['a number that is larger than JavaScript can count', '[{"n":9007199254740993}]'],
  ['a number in an unusual form', '[{"n":1.0E+2}]'],
  ['bytes that are no UTF-8', '[{"path":"/tmp/\xff\xfe\x80"}]'],
  ['columns in their order, and twice', '[{"b":"1","a":"2","b":"3"}]'],
  ['white space', '[ {"a" : "1"}\n]'],
  ['brackets and quotes in texts', '[{"a":"]}\\"{[","b":"\\\\"}]'],
])('%s stays as it is', (_, rows) => {
  const [[id, bytes] = []] = split(`{"queries":{"q":${rows}},"statuses":{"q":0}}`);
  expect(id).toBe('q');
  expect(bytes).toBe(`{"queries":{"q":${rows}},"statuses":{"q":0}}`);
});

test.each([
  ['"with \\"quotes\\""', 'with "quotes"'],
  ['"\\u0061\\/b"', 'a/b'],
  ['"__proto__"', '__proto__'],
  ['"constructor"', 'constructor'],
  ['"\xc3\xa4"', 'ä'],
])('the id %s is read, and written as it was', (text, id) => {
  expect(split(`{"queries":{${text}:[]},"statuses":{${text}:0}}`)).toEqual([
    [id, `{"queries":{${text}:[]},"statuses":{${text}:0}}`],
  ]);
});

test('an id that is spelled in two ways is one query', () => {
  expect(split('{"queries":{"a":[]},"statuses":{"\\u0061":0}}')).toEqual([
    ['a', '{"queries":{"a":[]},"statuses":{"\\u0061":0}}'],
  ]);
});

test('sections that are missing are missing, as from older versions', () => {
  expect(split('{"queries":{"a":[],"b":[]},"statuses":{"b":0}}')).toEqual([
    ['a', '{"queries":{"a":[]}}'],
    ['b', '{"queries":{"b":[]},"statuses":{"b":0}}'],
  ]);
});

test('no results are none', () => {
  expect(split('{}')).toEqual([]);
  expect(split('{"queries":{},"statuses":{}}')).toEqual([]);
});

test.each([
  '',
  'nonsense',
  '[]',
  '{"queries":{"a":[]}',
  '{"queries":[]}',
  '{"queries":{"a":[]},"version":1}',
])('what is not as expected comes back whole: %s', (text) => {
  expect(split(text)).toEqual([['', text]]);
});

test('the results are copies: the message that they came in may go', () => {
  for (const text of ['{"queries":{"a":[]}}', 'nonsense']) {
    const message = Buffer.from(text);
    const [result] = splitResults(message);
    message.fill(0);
    expect(result?.bytes.toString()).toBe(text);
  }
});
