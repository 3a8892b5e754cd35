import { expect, test } from 'vitest';
import { MAX_CONFIG_BYTES, MAX_CONFIG_BYTES_5_23, readConfig, stripComments } from './config-text.ts';

test('comment lines go, lines that end with a backslash are joined', () => {
  expect(stripComments('  // a\n# b\n{"q": "select \\\n1"} \n')).toBe('{"q": "select 1"}\n\n');
});

test.each([
  ['a text that is no JSON', '{', 'Error parsing the config JSON'],
  ['an array', '[]', 'Error parsing the config JSON'],
  ['an empty text', '', 'Error parsing the config JSON'],
])('%s is refused', (_, text, error) => {
  expect(readConfig(text, MAX_CONFIG_BYTES)).toEqual({ error });
});

test('32 levels of nesting are read, 33 are refused', () => {
  const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}`;
  expect(readConfig(nested(32), MAX_CONFIG_BYTES)).toHaveProperty('config');
  expect(readConfig(nested(33), MAX_CONFIG_BYTES)).toEqual({
    error: 'Error validating the config JSON: Configuration has too many nesting levels!',
  });
});

test('a source above 1 MiB is refused by 5.23.1 and read by later ones', () => {
  const text = `{"a": "${'x'.repeat(MAX_CONFIG_BYTES_5_23)}"}`;
  expect(readConfig(text, MAX_CONFIG_BYTES_5_23)).toEqual({
    error: 'Error parsing the config JSON: the config size exceeds the limit of 1048576 bytes',
  });
  expect(readConfig(text, MAX_CONFIG_BYTES)).toHaveProperty('config');
});
