import { expect, test } from 'vitest';
import { usableWork } from './usable-work.ts';

test('work as it should be stays as it is, node_invalid and unknown members included', () => {
  for (const reply of [
    {},
    { queries: {} },
    {
      queries: { a: 'SELECT 1' },
      discovery: { a: 'SELECT 2' },
      accelerate: 5,
      node_invalid: false,
      more: [1],
    },
  ]) {
    expect(usableWork(reply).mended).toBeUndefined();
  }
  expect(usableWork({ queries: { a: 'SELECT 1' } }).queries).toEqual({ a: 'SELECT 1' });
});

test('a query or a discovery query that is no text takes its query out, and no other', () => {
  const reply = {
    queries: { a: 'SELECT 1', b: 5, c: '', d: null, e: 'SELECT 2', __proto__x: 'SELECT 3' },
    discovery: { a: 'SELECT 1', c: 'SELECT 1', e: { sql: 'x' }, stranger: '' },
    node_invalid: false,
  };
  const { mended, unusable } = usableWork(reply);
  expect(mended).toEqual({
    queries: { a: 'SELECT 1', __proto__x: 'SELECT 3' },
    discovery: { a: 'SELECT 1' },
    node_invalid: false,
  });
  expect([...unusable]).toEqual([
    ['b', 'the query is no text'],
    ['c', 'the query is no text'],
    ['d', 'the query is no text'],
    ['e', 'its discovery query is no text'],
    ['stranger', 'its discovery query is no text'],
  ]);
});

test('arrays and null in the place of objects, which make osqueryd abort, are left out', () => {
  for (const nothing of [null, [], [1], 'text', 7, true]) {
    expect(usableWork({ queries: nothing, discovery: nothing, accelerate: 3 }).mended).toEqual({
      accelerate: 3,
    });
  }
});

test('an id may be called anything', () => {
  const reply = JSON.parse('{"queries":{"__proto__":"SELECT 1","constructor":4}}');
  const { mended, unusable } = usableWork(reply);
  expect(JSON.stringify(mended)).toBe('{"queries":{"__proto__":"SELECT 1"}}');
  expect([...unusable.keys()]).toEqual(['constructor']);
});

test('accelerate becomes an integer, or goes', () => {
  const of = (accelerate: unknown) => {
    const { mended } = usableWork({ accelerate });
    return mended === undefined ? 'as it is' : mended['accelerate'];
  };
  expect([10, 0, '60', 2.5, 'soon', '', null, [5], '1e3'].map(of)).toEqual([
    'as it is',
    'as it is',
    60,
    2,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
