import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { productVersion } from '../../version.ts';
import { requestHeaders } from './headers.ts';

test('the version is that of the package', () => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  expect(productVersion).toBe(JSON.parse(text).version);
});

test('headers stand in the order of osquery', () => {
  expect(requestHeaders({ osqueryVersion: '5.23.0', acceptGzip: true }, 'key')).toEqual([
    ['Content-Type', 'application/json'],
    ['Accept', 'application/json'],
    ['User-Agent', `osquery/5.23.0 osquery-remote/${productVersion}`],
    ['Authorization', 'NodeKey key'],
    ['Accept-Encoding', 'gzip'],
  ]);
});

test.each(['', 'two\nlines', 'schlüssel', 'a b'])('a key that is %j stays out of the header', (key) => {
  const names = requestHeaders({ osqueryVersion: '5.23.0', acceptGzip: false }, key).map(([name]) => name);
  expect(names).toEqual(['Content-Type', 'Accept', 'User-Agent']);
});
