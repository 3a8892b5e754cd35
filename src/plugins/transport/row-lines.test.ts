import { expect, test } from 'vitest';
import { RowWriter } from './row-lines.ts';

const expand = (text: string, firstRow = 0) => {
  const lines = new RowWriter().lines(Buffer.from(text, 'latin1'), firstRow, 'w 1');
  return lines && [...lines].map(({ row, bytes }) => [row, Buffer.from(bytes).toString('latin1')]);
};

test('removed rows come first, whatever stands first in the batch', () => {
  expect(
    expand('{"diffResults":{"added":[{"a":"2"}],"removed":[{"a":"1"}]},"name":"q","counter":1}'),
  ).toEqual([
    [0, '{"name":"q","counter":1,"columns":{"a":"1"},"action":"removed"}'],
    [1, '{"name":"q","counter":1,"columns":{"a":"2"},"action":"added"}'],
  ]);
});

test('nothing that a parser would touch is touched', () => {
  const row = '{"1":9007199254740993,"0":1.0,"a":"\\u00e9\xff\\/","a":-0}';
  expect(expand(`{"diffResults":{"removed":[],"added":[${row}]},"2":"x","1":1.50}`)).toEqual([
    [0, `{"2":"x","1":1.50,"columns":${row},"action":"added"}`],
  ]);
});

test('the rows go on where an earlier request ended', () => {
  const text = '{"diffResults":{"removed":[{"a":1},{"a":2}],"added":[{"a":3}]},"n":1}';
  expect(expand(text, 1)?.map(([row]) => row)).toEqual([1, 2]);
  expect(expand(text, 3)).toEqual([]);
});

test('a batch without rows is no line at all', () => {
  expect(expand('{"diffResults":{"removed":[],"added":[]},"name":"q"}')).toEqual([]);
  expect(expand('{"diffResults":{},"name":"q"}')).toEqual([]);
});

test.each([
  '{"name":"q","columns":{"a":"1"},"action":"added"}',
  '{"name":"q","diffResults":{"added":[{}]}}',
  '{"diffResults":"x","name":"q"}',
  '{"diffResults":{"added":7},"name":"q"}',
  '{"diffResults":{"added":[{}]},"name":',
  '',
])('%j is no batch line', (text) => {
  expect(expand(text)).toBeUndefined();
});

test('a large record is cut once, and each record for itself', () => {
  const large = (value: string) => {
    const rows = Array.from({ length: 5_000 }, (_, i) => `{"row":"${i}","value":"${value}"}`);
    return Buffer.from(`{"diffResults":{"removed":[],"added":[${rows.join(',')}]},"n":1}`);
  };
  const writer = new RowWriter();
  const row = (record: Buffer, firstRow: number, id: string) => {
    for (const line of writer.lines(record, firstRow, id) ?? []) return Buffer.from(line.bytes).toString();
    return undefined;
  };
  const one = large('one');
  expect(row(one, 0, 'w 1')).toBe('{"n":1,"columns":{"row":"0","value":"one"},"action":"added"}');
  expect(row(Buffer.from(one), 4_999, 'w 1')).toBe(
    '{"n":1,"columns":{"row":"4999","value":"one"},"action":"added"}',
  );
  expect(row(large('three'), 4_999, 'w 2')).toBe(
    '{"n":1,"columns":{"row":"4999","value":"three"},"action":"added"}',
  );
  expect(row(one, 5_000, 'w 1')).toBeUndefined();
});
