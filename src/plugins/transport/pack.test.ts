import { expect, test } from 'vitest';
import { pack, packReply, unpack } from './pack.ts';

test('a batch goes through the port as it is, and its bytes stay with the caller', () => {
  const shared = Buffer.from('{"a":1}[]{"b":"\u00ff"}');
  const records = [
    {
      number: 9_007_199_254_740_991,
      kind: 'line',
      bytes: shared.subarray(0, 7),
      acceptedAt: 1_795_221_453_123,
    },
    { number: 2, kind: 'statuses', bytes: shared.subarray(7, 9), acceptedAt: 5 },
    { number: 3, kind: 'rows', bytes: shared.subarray(9), acceptedAt: 6 },
    { number: 4, kind: 'results', bytes: new Uint8Array(0), acceptedAt: 7 },
  ] as const;
  const batch = { stream: 'result', writer: 'w', records, firstRow: 3, maxLines: 5, maxBytes: 7 } as const;
  const request = { endpoint: 'log', nodeKey: 'k', batch } as const;
  const { packed, transfer } = pack(request);
  const there = unpack(structuredClone(packed, { transfer }));
  const plain = {
    ...batch,
    records: records.map((record) => ({ ...record, bytes: new Uint8Array(record.bytes) })),
  };
  expect(there).toEqual({ ...request, batch: plain });
  expect(shared.toString()).toBe('{"a":1}[]{"b":"\u00ff"}');
});

test('results go through as they are', () => {
  const results = Buffer.from('{"queries":{}}');
  const request = { endpoint: 'distributed_write', nodeKey: 'k', results } as const;
  const { packed, transfer } = pack(request);
  expect(unpack(structuredClone(packed, { transfer }))).toEqual({
    ...request,
    results: new Uint8Array(results),
  });
  expect(results.toString()).toBe('{"queries":{}}');
});

test('a reply has bytes of its own', () => {
  const body = Buffer.from('{"a":1}');
  const unfit = [{ record: 1, row: 0, reason: 'not JSON', bytes: body.subarray(0, 2) }];
  const batch = { lines: 1, dropped: 0, bytes: 7, next: { record: 2, row: 0 }, unfit };
  const { reply, transfer } = packReply({ outcome: { kind: 'delivered', body }, attempts: 1, batch });
  expect(structuredClone(reply, { transfer })).toEqual({
    outcome: { kind: 'delivered', body: new Uint8Array(body) },
    attempts: 1,
    batch: { ...batch, unfit: [{ ...unfit[0], bytes: new Uint8Array(body.subarray(0, 2)) }] },
  });
  expect(body.toString()).toBe('{"a":1}');
});
