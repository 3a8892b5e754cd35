import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import { type Deliver, memoryStore, Outbox } from '../outbox/index.ts';
import type { RemoteApi } from '../remote-api.ts';
import type { Outcome } from '../transport/index.ts';
import { RemoteDistributed } from './remote-distributed.ts';

let dir: string;
let outbox: Outbox;
/** What the server has got, as text. */
let delivered: string[];
let away: boolean;
let answers: Outcome[];
let distributed: RemoteDistributed;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'distributed-'));
  delivered = [];
  away = true;
  answers = [];
  await start();
});
afterEach(async () => {
  await outbox.close();
  rmSync(dir, { recursive: true, force: true });
});

/** As a process does, on the same journal. */
async function start(): Promise<void> {
  const deliver: Deliver = async ({ records: [record] }) => {
    const next = { record: (record?.number ?? 0) + 1, row: 0 };
    const rest = { lines: 1, bytes: 1, next, unfit: [] };
    if (away) return { answer: { kind: 'retry', reason: 'away' }, ...rest };
    delivered.push(Buffer.from(record?.bytes ?? []).toString());
    return { answer: { kind: 'delivered' }, ...rest };
  };
  const clock = new VirtualClock();
  outbox = new Outbox({ dir, clock, deliver: { result: deliver, status: deliver, distributed: deliver } });
  await outbox.open(memoryStore());
  const api = {
    call: async () => ({ outcome: answers.shift() ?? { kind: 'retry', reason: 'away' }, attempts: 1 }),
  };
  const { signal } = new AbortController();
  distributed = new RemoteDistributed({ api: api as unknown as RemoteApi, outbox, signal });
}

async function read(reply: unknown): Promise<unknown> {
  const text = typeof reply === 'string' ? reply : JSON.stringify(reply);
  answers.push({ kind: 'delivered', body: Buffer.from(text) });
  return JSON.parse(Buffer.from(await distributed.getQueries()).toString());
}

function write(id: string, value: string): void {
  const results = { queries: { [id]: [{ value }] }, statuses: { [id]: 0 } };
  distributed.writeResults(Buffer.from(JSON.stringify(results)));
}

async function deliverAll(): Promise<string[]> {
  away = false;
  await outbox.flush(new AbortController().signal);
  return delivered;
}

test('a query is left out, with its discovery, while its result waits, and is offered again afterwards', async () => {
  const offer = {
    queries: { a: 'SELECT 1', b: 'SELECT 2' },
    discovery: { a: 'SELECT 3', b: 'SELECT 4' },
    accelerate: 300,
  };
  expect(await read(offer)).toEqual(offer);
  write('a', '1');
  expect(await read(offer)).toEqual({
    queries: { b: 'SELECT 2' },
    discovery: { b: 'SELECT 4' },
    accelerate: 300,
  });
  write('b', '2');
  expect(await read(offer)).toEqual({ queries: {}, discovery: {}, accelerate: 300 });
  expect(await deliverAll()).toHaveLength(2);
  expect(await read(offer)).toEqual(offer);
});

test('other SQL under the same id runs, and its result takes the place of the one that waits', async () => {
  await read({ queries: { a: 'SELECT 1' } });
  write('a', 'old');
  expect(await read({ queries: { a: 'SELECT 2' } })).toEqual({ queries: { a: 'SELECT 2' } });
  write('a', 'new');
  expect(await read({ queries: { a: 'SELECT 2' } })).toEqual({ queries: {} });
  expect(await deliverAll()).toEqual(['{"queries":{"a":[{"value":"new"}]},"statuses":{"a":0}}']);
});

test('after a restart a query of which the result waits is known by its SQL', async () => {
  await read({ queries: { a: 'SELECT 1' } });
  write('a', '1');
  await outbox.close();
  await start();
  expect(await read({ queries: { a: 'SELECT 1' } })).toEqual({ queries: {} });
  expect(await read({ queries: { a: 'SELECT 2' } })).toEqual({ queries: { a: 'SELECT 2' } });
});

test('a result of a query that was handed out before a restart is known by its id alone', async () => {
  await read({ queries: { a: 'SELECT 1' } });
  await outbox.close();
  await start();
  write('a', '1');
  expect(await read({ queries: { a: 'SELECT 1', b: 'SELECT 2' } })).toEqual({ queries: { b: 'SELECT 2' } });
});

test('ids that mean something to JavaScript are ids', async () => {
  const offer = '{"queries":{"__proto__":"SELECT 1","constructor":"SELECT 2"}}';
  await read(offer);
  distributed.writeResults(Buffer.from('{"queries":{"__proto__":[]},"statuses":{"__proto__":0}}'));
  expect(await read(offer)).toEqual({ queries: { constructor: 'SELECT 2' } });
  expect(await deliverAll()).toEqual(['{"queries":{"__proto__":[]},"statuses":{"__proto__":0}}']);
});

test('results of several queries are delivered one by one', async () => {
  distributed.writeResults(Buffer.from('{"queries":{"a":[],"b":[{"x":"1"}]},"statuses":{"a":0,"b":0}}'));
  expect(await deliverAll()).toEqual([
    '{"queries":{"a":[]},"statuses":{"a":0}}',
    '{"queries":{"b":[{"x":"1"}]},"statuses":{"b":0}}',
  ]);
});

test('results that cannot be read are kept whole', async () => {
  distributed.writeResults(Buffer.from('{"queries":['));
  expect(await deliverAll()).toEqual(['{"queries":[']);
});

test('a reply from which nothing is left out keeps its bytes', async () => {
  const text = '{ "queries" : {"a":"SELECT 1"}, "unknown": 9007199254740993 }';
  answers.push({ kind: 'delivered', body: Buffer.from(text) });
  expect(Buffer.from(await distributed.getQueries()).toString()).toBe(text);
});

test('after a refused key it is asked once more, and not again', async () => {
  const refused: Outcome = { kind: 'node_invalid', reason: 'HTTP 200: node_invalid' };
  answers.push(refused);
  expect(await read({ queries: {} })).toEqual({ queries: {} });
  answers.push(refused, refused, { kind: 'delivered', body: Buffer.from('{}') });
  await expect(distributed.getQueries()).rejects.toThrow('HTTP 200: node_invalid');
});

test('a server that is away is a failure with a reason', async () => {
  await expect(distributed.getQueries()).rejects.toThrow('away');
});
