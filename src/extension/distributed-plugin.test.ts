import { expect, test } from 'vitest';
import { type DistributedPlugin, distributedPlugin, parseResults } from './distributed-plugin.ts';

function request(values: Record<string, string | Buffer>): Map<string, Buffer> {
  return new Map(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));
}

async function results(getQueries: DistributedPlugin['getQueries']): Promise<unknown> {
  const plugin = distributedPlugin({ name: 'd', getQueries, writeResults: () => {} });
  const { code, rows } = await plugin.call(request({ action: 'getQueries' }));
  expect(code).toBe(0);
  return rows[0]?.get('results');
}

test('queries go to osqueryd as JSON text', async () => {
  expect(
    await results(() => ({ queries: { a: 'SELECT 1' }, discovery: { a: 'SELECT 2' }, accelerate: 60 })),
  ).toBe('{"queries":{"a":"SELECT 1"},"discovery":{"a":"SELECT 2"},"accelerate":60}');
});

test('text and bytes go as they are', async () => {
  expect(await results(async () => '{"queries":{}}')).toBe('{"queries":{}}');
  expect(await results(() => Buffer.of(0x7b, 0xff))).toEqual(Buffer.of(0x7b, 0xff));
});

test('no work is an empty object, for which osqueryd does nothing', async () => {
  expect(await results(() => undefined)).toBe('{}');
});

test('results come as the bytes that osqueryd wrote', async () => {
  const written: Buffer[] = [];
  const plugin = distributedPlugin({
    name: 'd',
    getQueries: () => undefined,
    writeResults: (bytes) => void written.push(bytes),
  });
  const bytes = Buffer.concat([
    Buffer.from('{"queries":{"a":[{"x":"'),
    Buffer.of(0xff),
    Buffer.from('"}]},"statuses":{"a":0}}'),
  ]);
  const reply = await plugin.call(request({ action: 'writeResults', results: bytes }));

  expect([reply, written]).toEqual([{ code: 0, message: 'OK', rows: [] }, [bytes]]);
  expect(parseResults(bytes)).toEqual({ queries: { a: [{ x: '\ufffd' }] }, statuses: { a: 0 } });
});

test('what is thrown makes osqueryd keep the results', async () => {
  const plugin = distributedPlugin({
    name: 'd',
    getQueries: () => undefined,
    writeResults: () => Promise.reject(new Error('disk full')),
  });
  await expect(plugin.call(request({ action: 'writeResults', results: '{}' }))).rejects.toThrow('disk full');
});

test.each([
  [{ action: 'fly' }, 'a distributed plugin has no action fly'],
  [{}, 'a distributed plugin has no action (none given)'],
])('%j is a failure', async (values, message) => {
  const plugin = distributedPlugin({ name: 'd', getQueries: () => undefined, writeResults: () => {} });
  expect(await plugin.call(request(values))).toEqual({ code: 1, message, rows: [] });
});
