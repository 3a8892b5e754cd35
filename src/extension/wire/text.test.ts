import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, encodeText } from './text.ts';

test('valid UTF-8 is plain text, a replacement character included', () => {
  expect(decodeText(Buffer.from('zażółć \u{1f600} \ufffd'))).toBe('zażółć \u{1f600} \ufffd');
});

test('an invalid byte becomes a lone surrogate of its own', () => {
  expect(decodeText(Buffer.of(0x61, 0xff, 0x62, 0x80))).toBe('a\udcffb\udc80');
});

test('an overlong form, a surrogate and a cut sequence are invalid byte by byte', () => {
  expect(decodeText(Buffer.of(0xc0, 0xaf))).toBe('\udcc0\udcaf');
  expect(decodeText(Buffer.of(0xed, 0xa0, 0x80))).toBe('\udced\udca0\udc80');
  expect(decodeText(Buffer.of(0xf0, 0x9f, 0x98))).toBe('\udcf0\udc9f\udc98');
});

test('any bytes survive being decoded and encoded', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(encodeText(decodeText(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});
