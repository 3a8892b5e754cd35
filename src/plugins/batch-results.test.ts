import { beforeEach, describe, expect, test } from 'vitest';
import { BatchResults } from './batch-results.ts';
import { countRows } from './count-lines.ts';
import type { Store } from './store/index.ts';

/** What the class needs of a store, outliving the objects that use it. */
function memory(): Store {
  const values = new Map<string, string>();
  const store = {
    get: async (key: string) => JSON.parse(values.get(key) ?? 'null') ?? undefined,
    put: async (key: string, value: unknown) => void values.set(key, JSON.stringify(value)),
  };
  return store as unknown as Store;
}

const first = '4711:1795242000';
const afterRestart = '4800:1795249999';
const wanted = { wanted: true, alone: true, eventType: true, instance: first };
const off = '{"options":{"logger_event_type":false}}';
const on = '{"options":{"logger_event_type":true}}';
const batchLine = Buffer.from('{"diffResults":{"removed":[],"added":[{"a":"1"},{"a":"2"}]},"name":"q"}');
const eventLine = Buffer.from('{"name":"q","columns":{"a":"1"},"action":"added"}');
const plainConfig = '{"schedule":{}}';

describe('remote_batch_results', () => {
  let store: Store;
  let warnings: string[];
  const open = async (conditions: Parameters<BatchResults['open']>[0]) => {
    const batch = new BatchResults(store, (text) => warnings.push(text));
    await batch.open(conditions);
    return batch;
  };

  beforeEach(() => {
    store = memory();
    warnings = [];
  });

  test('osqueryd is told by a source of its own, which sorts behind the one of the server', async () => {
    const batch = await open(wanted);
    const sources = await batch.source(plainConfig);
    expect(sources).toEqual({ 'remote~batch': off });
    expect(['remote', ...Object.keys(sources)].sort()).toEqual(['remote', 'remote~batch']);
    expect(batch.kindOf(batchLine)).toBe('rows');
    expect(batch.kindOf(eventLine)).toBe('line');
  });

  test('without the setting nothing is sent', async () => {
    const batch = await open({ ...wanted, wanted: false });
    expect(await batch.source(plainConfig)).toEqual({});
  });

  test('switched off again, osqueryd is told true, also by a later process', async () => {
    const batch = await open(wanted);
    await batch.source(plainConfig);
    batch.update({ wanted: false });
    expect(await batch.source(plainConfig)).toEqual({ 'remote~batch': on });
    // A batch line of before is still written out.
    expect(batch.kindOf(batchLine)).toBe('rows');

    const next = await open({ ...wanted, wanted: false, eventType: false });
    expect(await next.source(plainConfig)).toEqual({ 'remote~batch': on });
  });

  test('a flag that the user has set to false is theirs: nothing is changed, and lines stay as they are', async () => {
    const batch = await open({ ...wanted, eventType: false });
    expect(await batch.source(plainConfig)).toEqual({});
    expect(batch.kindOf(batchLine)).toBe('line');
  });

  test("the server's own false in the configuration is the user's too", async () => {
    const batch = await open(wanted);
    expect(await batch.source('{"options":{"logger_event_type":false}}')).toEqual({});
    expect(batch.kindOf(batchLine)).toBe('line');
  });

  test('after our own restart the false that we have set is not taken for the user’s', async () => {
    await (await open(wanted)).source(plainConfig);
    const next = await open({ ...wanted, eventType: false });
    expect(next.kindOf(batchLine)).toBe('rows');
    expect(await next.source(plainConfig)).toEqual({ 'remote~batch': off });
  });

  test('osqueryd restarts, then we do: the false is still known to be ours', async () => {
    const batch = await open(wanted);
    await batch.source(plainConfig);
    batch.update({ instance: afterRestart });
    await batch.source(plainConfig);
    const next = await open({ ...wanted, eventType: false, instance: afterRestart });
    expect(next.kindOf(batchLine)).toBe('rows');
  });

  test('another osqueryd starts with its own value again', async () => {
    await (await open(wanted)).source(plainConfig);
    const next = await open({ ...wanted, eventType: false, instance: afterRestart });
    expect(next.kindOf(batchLine)).toBe('line');
  });

  test('beside another logger it is refused, with one warning', async () => {
    const batch = await open({ ...wanted, alone: false });
    expect(await batch.source(plainConfig)).toEqual({});
    expect(await batch.source(plainConfig)).toEqual({});
    expect(warnings).toEqual([expect.stringContaining('another plugin in --logger_plugin')]);
  });
});

test('rows are counted without reading the line', () => {
  expect(countRows(batchLine)).toBe(2);
  expect(countRows(Buffer.from('{"diffResults":{"removed":[{"a":"1"}],"added":[{"a":"2"}]}}'))).toBe(2);
});
