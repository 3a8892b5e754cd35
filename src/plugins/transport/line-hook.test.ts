import { expect, test } from 'vitest';
import { type LineHook, passLine } from './line-hook.ts';

const run = (hook: unknown, text = '{"a":1.50,"columns":{"p":"x"}}') => {
  const passed = passLine(hook as LineHook, Buffer.from(text), 'result');
  return passed.kind === 'send' ? Buffer.from(passed.bytes).toString() : passed;
};
const fault = (what: string) => ({
  kind: 'fault',
  reason: `the line hook ${what}: it must return the line, an object, JSON or null`,
});

test('a line that is returned goes on byte for byte, also when it was looked at', () => {
  expect(run((line: unknown) => line)).toBe('{"a":1.50,"columns":{"p":"x"}}');
  const look: LineHook = (line) => (line.json()['a'] === 1.5 ? line : null);
  expect(run(look)).toBe('{"a":1.50,"columns":{"p":"x"}}');
});

test('an object that was changed in place counts, whether it or the line is returned', () => {
  const inPlace: LineHook = (line) => {
    Object.assign(line.json(), { columns: {} });
    return line;
  };
  expect(run(inPlace)).toBe('{"a":1.5,"columns":{}}');
  const returned: LineHook = (line) => {
    const object = line.json();
    delete object['columns'];
    return object;
  };
  expect(run(returned)).toBe('{"a":1.5}');
});

test('another object, text or bytes take its place', () => {
  expect(run(() => ({ b: 2 }))).toBe('{"b":2}');
  expect(run(() => '{"b": 2}')).toBe('{"b": 2}');
  expect(run(() => Buffer.from('{"b":2}'))).toBe('{"b":2}');
});

test('null drops it', () => {
  expect(run(() => null)).toEqual({ kind: 'drop' });
});

test('a hook that fails or forgets to return holds the line back', () => {
  expect(run(() => undefined)).toEqual(fault('returned undefined'));
  expect(run(() => 5)).toEqual(fault('returned number'));
  expect(run(() => [])).toEqual(fault('returned object'));
  expect(run(async (line: unknown) => line)).toEqual(fault('returned a promise'));
  expect(run(() => '{"b":')).toEqual(fault('returned text that is not JSON'));
  const throwing = () => {
    throw new Error('no such column');
  };
  expect(run(throwing)).toEqual({ kind: 'fault', reason: 'the line hook failed: no such column' });
  const strange = () => {
    throw { toString: 5 };
  };
  expect(run(strange)).toEqual({
    kind: 'fault',
    reason: 'the line hook failed: something without a text was thrown',
  });
  const circular = () => {
    const object: Record<string, unknown> = {};
    object['self'] = object;
    return object;
  };
  expect(run(circular)).toMatchObject({ kind: 'fault' });
});
