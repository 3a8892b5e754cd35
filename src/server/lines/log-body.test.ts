import { expect, test } from 'vitest';
import { parseLogBody } from './log-body.ts';

const texts = (lines: readonly Uint8Array[] | undefined) =>
  lines?.map((line) => Buffer.from(line).toString('latin1'));

test('cuts the lines out as they were sent: numbers, member order and invalid UTF-8', () => {
  const start = Buffer.from('{"data":[{"b":1.0,"a":9007199254740993},{"1":"x","0":"y"},{"v":"');
  const body = Buffer.concat([
    start,
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}],"log_type":"result","node_key":"k"}'),
  ]);
  const { nodeKey, logType, lines } = parseLogBody(body);
  expect({ nodeKey, logType }).toEqual({ nodeKey: 'k', logType: 'result' });
  expect(texts(lines)).toEqual(['{"b":1.0,"a":9007199254740993}', '{"1":"x","0":"y"}', '{"v":"\xff\xfe"}']);
});

test('a line that was sent over several lines of text becomes one', () => {
  const { lines } = parseLogBody(Buffer.from('{\n "data": [\n  {\r\n   "a": "b\\n"\n  },\n  {"c":1}\n ]\n}'));
  expect(texts(lines)).toEqual(['{     "a": "b\\n"   }', '{"c":1}']);
});

test('a member name that is escaped is the same name, and the last of two counts', () => {
  const { nodeKey, lines } = parseLogBody(
    Buffer.from('{"node_key":"old","data":[1,2],"d\\u0061ta":[3],"node\\u005fkey":"new"}'),
  );
  expect(nodeKey).toBe('new');
  expect(texts(lines)).toEqual(['3']);
});

test('what is absent or of another type is undefined', () => {
  expect(parseLogBody(Buffer.from('{}'))).toEqual({});
  expect(parseLogBody(Buffer.from('{"data":{"a":1},"node_key":7,"log_type":null}'))).toEqual({});
});

test.each(['', '[]', '"text"', '{"data":[}', '{"data":[]} x'])('refuses %j', (text) => {
  expect(() => parseLogBody(Buffer.from(text))).toThrow();
});
