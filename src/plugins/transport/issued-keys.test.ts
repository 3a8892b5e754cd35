import { expect, test } from 'vitest';
import { issuedKeys } from './issued-keys.ts';

const keys = (text: string) => issuedKeys(Buffer.from(text));

test('the key of an answer, however it is written', () => {
  expect(keys('{"node_key":"made-up-key"}')).toEqual(['made-up-key']);
  expect(keys('{"node_key" : "a\\/made\\u002dup \\"key\\"", "node_invalid":false}')).toContain(
    'a/made-up "key"',
  );
  expect(keys('{"id":"made-up-id"}')).toEqual(['made-up-id']);
});

test('also where the answer is none', () => {
  expect(keys('<p>Notice: …</p>\n{"node_key":"made-up-key"}')).toEqual(['made-up-key']);
  expect(keys('\ufeff{"node_key":"made-up-key"')).toEqual(['made-up-key']);
  expect(keys(JSON.stringify({ error: 'gave {"node_key":"made-up-key"}' }))).toEqual(['made-up-key']);
});

test('nothing that would take common words out of texts', () => {
  for (const text of [
    '',
    '{}',
    '{"node_key":""}',
    '{"node_key":null}',
    '{"id":7}',
    '{"id":"7"}',
    '{"key":"another"}',
  ]) {
    expect(keys(text)).toEqual([]);
  }
});
