import { expect, test } from 'vitest';
import { RequestHeaders } from './request-headers.ts';

const osquerys = () =>
  new RequestHeaders([
    ['Content-Type', 'application/json'],
    ['Authorization', 'NodeKey k'],
    ['Accept', 'application/json'],
  ]);

test('a header that is set keeps its place, a new one goes to the end', () => {
  const headers = osquerys();
  headers.set('authorization', 'Bearer t');
  headers.set('X-Site', 'berlin');
  expect(headers.toList()).toEqual([
    ['Content-Type', 'application/json'],
    ['authorization', 'Bearer t'],
    ['Accept', 'application/json'],
    ['X-Site', 'berlin'],
  ]);
});

test('names are found in any case', () => {
  const headers = osquerys();
  expect([headers.get('ACCEPT'), headers.has('accept'), headers.get('cookie')]).toEqual([
    'application/json',
    true,
    undefined,
  ]);
  headers.delete('ACCEPT');
  expect(headers.has('Accept')).toBe(false);
});

test('several of one name are read together and replaced together', () => {
  const headers = osquerys();
  headers.append('Cookie', 'a=1');
  headers.append('cookie', 'b=2');
  expect(headers.get('Cookie')).toBe('a=1, b=2');
  headers.set('Cookie', 'c=3');
  expect(headers.toList().filter(([name]) => /cookie/i.test(name))).toEqual([['Cookie', 'c=3']]);
});

test('it has its own copy', () => {
  const list: [string, string][] = [['A', '1']];
  const headers = new RequestHeaders(list);
  headers.set('A', '2');
  headers.toList().push(['B', '3']);
  expect([list, [...headers]]).toEqual([[['A', '1']], [['A', '2']]]);
});
