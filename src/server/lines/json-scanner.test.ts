import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonScanner, JsonSyntaxError } from './json-scanner.ts';

function accepts(text: string | Uint8Array): boolean {
  const scanner = new JsonScanner(typeof text === 'string' ? Buffer.from(text) : text);
  try {
    scanner.value();
    scanner.end();
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('takes whatever JSON.stringify makes, with and without white space', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, indent) => {
      expect(accepts(JSON.stringify(value, null, indent))).toBe(true);
    }),
  );
});

test('takes and refuses the same texts as JSON.parse when valid text is damaged anywhere', () => {
  const damage = fc.record({
    value: fc.jsonValue(),
    at: fc.nat(),
    remove: fc.nat({ max: 2 }),
    insert: fc.constantFrom(
      '',
      '"',
      '\\',
      ',',
      ':',
      '{',
      ']',
      '1',
      '-',
      '.',
      'e',
      'tru',
      ' ',
      '\n',
      '\u0001',
      '\\u12',
    ),
  });
  fc.assert(
    fc.property(damage, ({ value, at, remove, insert }) => {
      const text = JSON.stringify(value);
      const position = at % (text.length + 1);
      const damaged = text.slice(0, position) + insert + text.slice(position + remove);
      expect([damaged, accepts(damaged)]).toEqual([damaged, parses(damaged)]);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['', 'expected a value at byte 0'],
  ['{"a":1', 'expected a comma or the end of the object at byte 6'],
  ['[1,]', 'expected a value at byte 3'],
  ['"abc', 'a string without end at byte 4'],
  ['"a\nb"', 'control character in a string at byte 2'],
  ['"\\x"', 'unknown escape in a string at byte 2'],
  ['"\\u12g4"', 'expected four hexadecimal digits at byte 5'],
  ['{} {}', 'expected the end at byte 3'],
])('says where %j goes wrong', (text, message) => {
  const scanner = new JsonScanner(Buffer.from(text));
  expect(() => {
    scanner.value();
    scanner.end();
  }).toThrow(message);
});

test('takes invalid UTF-8 inside strings as it is', () => {
  expect(accepts(Buffer.from([0x22, 0xff, 0xc3, 0x80, 0x22]))).toBe(true);
});

test('refuses text that is nested without end instead of exhausting the stack', () => {
  expect(accepts('['.repeat(1_000_000))).toBe(false);
  expect(accepts('{"a":'.repeat(1_000_000))).toBe(false);
  expect(accepts('['.repeat(100) + ']'.repeat(100))).toBe(true);
});
