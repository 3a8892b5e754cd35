import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toBytes } from './bytes.ts';
import { escapeBytes } from './escape.ts';

test.each([
  ['\xff\x00', '\\xFF\\x00'],
  ['\xed\xa0\x80', '\\xED\\xA0\\x80'],
  ['\xc0\x80', '\\xC0\\x80'],
  ['\xe0\x9f\xbf', '\\xE0\\x9F\\xBF'],
  ['\xf0\x8f\xbf\xbf', '\\xF0\\x8F\\xBF\\xBF'],
  ['\xf4\x90\x80\x80', '\\xF4\\x90\\x80\\x80'],
  ['\xe2\x82', '\\xE2\\x82'],
  ['a\tb\x7f', 'a\\x09b\x7f'],
])('%j becomes %j', (bytes, escaped) => {
  expect(escapeBytes(bytes)).toBe(escaped);
});

test('text without control characters stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const bytes = toBytes([...text].filter((character) => character >= ' ').join(''));
      expect(escapeBytes(bytes)).toBe(bytes);
    }),
  );
});
