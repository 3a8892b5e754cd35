import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchRecord } from '../../src/plugins/outbox/index.ts';
import { inWorker, startTransport, type Transport } from '../../src/plugins/transport/index.ts';
import { createServer, type ReferenceServer } from '../../src/server/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { Bench } from './bench.ts';

let bench: Bench;
let server: ReferenceServer;
let transport: Transport;
const { signal } = new AbortController();

beforeAll(async () => {
  bench = await Bench.create();
  server = await createServer({
    secrets: ['a-made-up-secret'],
    config: { value: { schedule: { q: { query: 'SELECT 1', interval: 60 } } } },
  });
  await server.listen();
  transport = startTransport({
    settings: bench.settings(server.address.port, { serverCerts: server.caFile, compress: true }),
    clock: new VirtualClock(),
    log: () => {},
    spawn: inWorker(),
  });
});
afterAll(async () => {
  await transport.close();
  await server.close();
  bench.remove();
});

async function enroll(): Promise<string> {
  const host = { hostIdentifier: 'host-1', platformType: '9', hostDetails: {} };
  const { outcome } = await transport.request({ endpoint: 'enroll', ...host }, signal);
  return outcome.kind === 'delivered' ? Buffer.from(outcome.body).toString() : outcome.kind;
}

const bodyOf = ({ outcome }: Awaited<ReturnType<Transport['request']>>) =>
  outcome.kind === 'delivered' ? JSON.parse(Buffer.from(outcome.body).toString()) : outcome;

test('enroll, config, read and write against the reference server', async () => {
  const nodeKey = await enroll();
  expect(bodyOf(await transport.request({ endpoint: 'config', nodeKey }, signal))).toEqual({
    schedule: { q: { query: 'SELECT 1', interval: 60 } },
  });
  const id = await server.query('SELECT 2');
  const read = bodyOf(await transport.request({ endpoint: 'distributed_read', nodeKey }, signal));
  expect(read.queries).toEqual({ [id]: 'SELECT 2' });
  const results = Buffer.from(JSON.stringify({ queries: { [id]: [{ a: '2' }] }, statuses: { [id]: 0 } }));
  const write = await transport.request({ endpoint: 'distributed_write', nodeKey, results }, signal);
  expect(write.outcome.kind).toBe('delivered');
});

test('a wrong node key is node_invalid on every endpoint', async () => {
  const nodeKey = 'nobody';
  const batch = {
    stream: 'result',
    writer: 'w',
    records: [line(1)],
    firstRow: 0,
    maxLines: 9,
    maxBytes: 999,
  } as const;
  const results = Buffer.from('{"queries":{},"statuses":{}}');
  const calls = [
    { endpoint: 'config', nodeKey },
    { endpoint: 'distributed_read', nodeKey },
    { endpoint: 'distributed_write', nodeKey, results },
    { endpoint: 'log', nodeKey, batch },
  ] as const;
  for (const call of calls) {
    expect(await transport.request(call, signal), call.endpoint).toMatchObject({
      attempts: 1,
      outcome: { kind: 'node_invalid' },
    });
  }
});

function line(number: number): BatchRecord {
  return { number, kind: 'line', bytes: Buffer.from(`{"name":"line","n":${number}}`), acceptedAt: 0 };
}

test('lines whose acknowledgement was lost are sent again, in other batches, and arrive once each, in order', async () => {
  const nodeKey = await enroll();
  const rows = '{"diffResults":{"removed":[{"a":"1"}],"added":[{"a":"2"},{"a":"3"}]},"name":"rows"}';
  const records: BatchRecord[] = [
    line(1),
    { number: 2, kind: 'rows', bytes: Buffer.from(rows), acceptedAt: 0 },
    line(3),
    { number: 4, kind: 'line', bytes: Buffer.from('not JSON'), acceptedAt: 0 },
    line(5),
    line(6),
  ];
  const send = async (from: number, firstRow: number, maxLines: number) => {
    const batch = {
      stream: 'result',
      writer: 'writer-1',
      records: records.slice(from),
      firstRow,
      maxLines,
    } as const;
    return transport.request({ endpoint: 'log', nodeKey, batch: { ...batch, maxBytes: 100_000 } }, signal);
  };
  // One request on the open connection, its repetition on a fresh one, and the plain one after it.
  server.faults.add({ endpoint: 'log', fault: 'reset_after', times: 3 });
  expect(await send(0, 0, 3)).toMatchObject({
    outcome: { kind: 'retry' },
    batch: { lines: 3, next: { record: 2, row: 2 } },
  });
  // The next try carries more lines, and starts where the first one did.
  expect(await send(0, 0, 5)).toMatchObject({
    outcome: { kind: 'delivered' },
    batch: { lines: 5, next: { record: 5, row: 0 }, unfit: [{ record: 4, row: 0 }] },
  });
  expect(await send(4, 0, 5)).toMatchObject({ outcome: { kind: 'delivered' }, batch: { lines: 2 } });
  const lines = readFileSync(server.logFile('result'), 'utf8').trim().split('\n');
  expect(lines).toEqual([
    '{"name":"line","n":1}',
    '{"name":"rows","columns":{"a":"1"},"action":"removed"}',
    '{"name":"rows","columns":{"a":"2"},"action":"added"}',
    '{"name":"rows","columns":{"a":"3"},"action":"added"}',
    '{"name":"line","n":3}',
    '{"name":"line","n":5}',
    '{"name":"line","n":6}',
  ]);
});
