import { expect, test } from 'vitest';
import { isFaithful, numberOf, offers } from './lines.ts';
import { makePlan } from './plan.ts';

test('the same seed makes the same plan, another one another', () => {
  const given = { seed: 7, kills: 20, lines: 5000 };
  expect(makePlan(given)).toEqual(makePlan(given));
  expect(makePlan({ ...given, seed: 8 }).kills).not.toEqual(makePlan(given).kills);
});

test('the same seed makes the same lines, each with a number of its own', () => {
  const all = [...offers({ seed: 3, lines: 2000 })];
  expect(all).toEqual([...offers({ seed: 3, lines: 2000 })]);
  const numbers = all.flatMap(({ lines }) => lines.map(({ number }) => number));
  expect(numbers).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  for (const { number, text } of all.flatMap(({ lines }) => lines)) expect(numberOf(3, text)).toBe(number);
});

test('every line is JSON without a line break', () => {
  for (const { call, lines } of offers({ seed: 4, lines: 500 })) {
    for (const { text } of lines) {
      expect(text).not.toContain('\n');
      expect(() => JSON.parse(text), `${call}: ${text}`).not.toThrow();
    }
  }
});

test('a result line is faithful byte for byte, a status line in what it says', () => {
  expect(isFaithful('{"a":1.0}', 'string', '{"a":1.0}')).toBe(true);
  expect(isFaithful('{"a":1.0}', 'string', '{"a":1}')).toBe(false);
  const offered = '{"s":1,"f":"a.cpp","i":2,"m":"text","h":"host","c":"time","u":3}';
  const received = {
    hostIdentifier: 'host',
    calendarTime: 'time',
    unixTime: 3,
    severity: 1,
    filename: 'a.cpp',
    line: 2,
    message: 'text',
    version: '5.23.0',
  };
  expect(isFaithful(offered, 'status', JSON.stringify(received))).toBe(true);
  expect(isFaithful(offered, 'status', JSON.stringify({ ...received, line: 4 }))).toBe(false);
});
