import { expect, test } from 'vitest';
import { isObject, readJson } from './json-reader.ts';
import { type PackContext, readPack, scheduledName } from './pack.ts';
import type { StatusEvent } from './status-line.ts';

const status: StatusEvent[] = [];
const context: PackContext = {
  defaultInterval: 3600,
  platform: 'linux',
  version: '5.23.1',
  splay: (_, interval) => interval,
  status: (event) => status.push(event),
};

function read(pack: unknown) {
  const object = readJson(JSON.stringify(pack));
  if (!isObject(object)) throw new Error('not an object');
  return readPack('p', 'source', object, context);
}

test('queries come in byte order with their options, numbers and numeric strings as intervals', () => {
  const { queries } = read({
    queries: {
      b: { query: 'select 1', interval: '600', snapshot: true },
      a: { query: 'select 2', removed: false },
      B: { query: 'select 3', interval: 60.9 },
    },
  });
  expect(queries.map(({ name, interval, snapshot, removed }) => [name, interval, snapshot, removed])).toEqual(
    [
      ['B', 60, false, true],
      ['a', 3600, false, false],
      ['b', 600, true, true],
    ],
  );
});

test.each([
  ['of another platform', { query: 'select 1', platform: 'darwin' }],
  ['of a later version', { query: 'select 1', version: '5.24.0' }],
  ['without SQL', { interval: 60 }],
  ['with interval 0', { query: 'select 1', interval: 0 }],
  ['with more than a week', { query: 'select 1', interval: 604_801 }],
  ['that is no object', 'select 1'],
])('a query %s is left out', (_, query) => {
  expect(read({ queries: { q: query } }).queries).toEqual([]);
});

test('a pack of another platform has no queries, one for posix or this version has', () => {
  const queries = { q: { query: 'select 1' } };
  expect(read({ platform: 'windows', queries }).queries).toHaveLength(0);
  expect(read({ platform: 'posix', version: '5.23.0', queries }).queries).toHaveLength(1);
});

test('full names carry the pack but for the main one', () => {
  expect(scheduledName('main', 'q', '_')).toBe('q');
  expect(scheduledName('p', 'q', '/')).toBe('pack/p/q');
});
