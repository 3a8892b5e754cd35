import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { depthOf, elementsOf, isJson, membersOf, type Span } from './json-scan.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const cut = (text: string, { start, end }: Span) => text.slice(start, end);

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('isJson', () => {
  test('agrees with JSON.parse on valid text, and on text that was damaged', () => {
    const damaged = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '{', '}', ']', ',', ':', '\\', '0', '-', '.', 'e', '\n', 'é'),
      )
      .map(([text, at, piece]) => {
        const i = at % (text.length + 1);
        return text.slice(0, i) + piece + text.slice(i + 1);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
        const latin1 = Buffer.from(text).toString('latin1');
        expect(isJson(bytes(latin1))).toBe(parses(latin1));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each(['-0', '0.5', '1e9', '-1.5E+10', ' null ', '"\\u00e9\\/"', '{"a":[1,{}]}', '[[],[]]'])(
    'takes %s',
    (text) => {
      expect(isJson(bytes(text))).toBe(true);
    },
  );

  test.each([
    '',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    'nul',
    '"a',
    '"\\x"',
    '"\\u00g0"',
    '"a\nb"',
    '{,}',
    '{"a"}',
    '[1,]',
    '{"a":1,}',
    '1 2',
  ])('refuses %j', (text) => {
    expect(isJson(bytes(text))).toBe(false);
  });

  test('takes bytes that are not UTF-8 in strings, as osqueryd writes them in snapshots', () => {
    expect(isJson(Buffer.from([0x22, 0xff, 0xc3, 0x22]))).toBe(true);
  });

  test('ends on text that is nested without end', () => {
    expect(isJson(bytes('['.repeat(1_000_000)))).toBe(false);
  });
});

test('depthOf counts nesting and not brackets in strings', () => {
  expect(['1', '{}', '[[1],[]]', '{"a":{"b":[]}}', '["[[["]'].map((text) => depthOf(bytes(text)))).toEqual([
    0, 1, 2, 3, 1,
  ]);
});

test('membersOf finds keys and values in order, repeated ones too', () => {
  const text = ' { "b" : 1.0 , "a":{"x":[1]},"b":"\\"" } ';
  const members = membersOf(bytes(text)) ?? [];
  expect(members.map(({ key, value }) => [cut(text, key), cut(text, value)])).toEqual([
    ['"b"', '1.0'],
    ['"a"', '{"x":[1]}'],
    ['"b"', '"\\""'],
  ]);
  expect(membersOf(bytes('{}'))).toEqual([]);
  for (const broken of ['[]', '{"a":1', '{"a" 1}', '{a:1}', '{"a":1 "b":2}'])
    expect(membersOf(bytes(broken))).toBeUndefined();
});

test('elementsOf finds the elements in order', () => {
  const text = '[ {"a":[1,2]} , "x,y",3]';
  expect(elementsOf(bytes(text))?.map((span) => cut(text, span))).toEqual(['{"a":[1,2]}', '"x,y"', '3']);
  expect(elementsOf(bytes('[]'))).toEqual([]);
  for (const broken of ['{}', '[1', '[1 2]', '[1,]']) expect(elementsOf(bytes(broken))).toBeUndefined();
});
