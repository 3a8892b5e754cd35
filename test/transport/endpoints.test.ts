import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcess, inWorker } from '../../src/plugins/transport/index.ts';
import { Bench } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

for (const [where, spawn] of [
  ['in this thread', inProcess()],
  ['in a worker', inWorker()],
] as const) {
  test(`all five endpoints are asked in osquery's words, ${where}`, async () => {
    const replies: Record<string, string> = {
      '/enroll': '{"node_key":"a-node-key"}',
      '/config': '{"schedule":{}}',
      '/distributed_read': '{"queries":{}}',
    };
    await using talk = await bench.start(({ url }) => ({ status: 200, body: replies[url] ?? '' }), { spawn });
    const { transport, signal, server } = talk;
    const nodeKey = 'a-node-key';

    const enrolled = await transport.request(
      {
        endpoint: 'enroll',
        hostIdentifier: 'host-1',
        platformType: '9',
        hostDetails: { os_version: { major: '12' } },
      },
      signal,
    );
    const config = await talk.config();
    const log = await talk.log(['{"name":"a"}', '{"name":"b"}']);
    const read = await transport.request({ endpoint: 'distributed_read', nodeKey }, signal);
    const results = Buffer.from('{"queries":{"q":[]},"statuses":{"q":0}}');
    const write = await transport.request({ endpoint: 'distributed_write', nodeKey, results }, signal);

    const text = (body: Uint8Array) => Buffer.from(body).toString();
    const bodies = [enrolled, config, log, read, write].map(({ outcome }) =>
      outcome.kind === 'delivered' ? text(outcome.body) : outcome,
    );
    expect(bodies).toEqual(['a-node-key', '{"schedule":{}}', '', '{"queries":{}}', '']);
    expect(log).toMatchObject({ attempts: 1, batch: { lines: 2, next: { record: 3, row: 0 }, unfit: [] } });
    expect(server.seen.map(({ method, url, body }) => [method, url, text(body)])).toEqual([
      [
        'POST',
        '/enroll',
        '{"enroll_secret":"a-made-up-secret","host_identifier":"host-1","platform_type":"9","host_details":{"os_version":{"major":"12"}}}',
      ],
      ['POST', '/config', '{"node_key":"a-node-key"}'],
      ['POST', '/log', '{"data":[{"name":"a"},{"name":"b"}],"log_type":"result","node_key":"a-node-key"}'],
      ['POST', '/distributed_read', '{"node_key":"a-node-key"}'],
      ['POST', '/distributed_write', '{"queries":{"q":[]},"statuses":{"q":0},"node_key":"a-node-key"}'],
    ]);
    expect(server.connections).toBe(1);
  });
}

test('on the wire the headers stand in the order of osquery, with those of the connection around them', async () => {
  await using talk = await bench.start(() => ({ status: 200, body: '' }), {
    change: { acceptGzip: true, compress: true },
  });
  await talk.log(['{"name":"a"}', '{"name":"b"}']);
  const { rawHeaders = [], body, headers } = talk.server.seen[0] ?? {};
  const pairs = Array.from({ length: rawHeaders.length / 2 }, (_, i) => [
    rawHeaders[2 * i],
    rawHeaders[2 * i + 1],
  ]);
  expect(pairs).toEqual([
    ['host', `localhost:${talk.server.port}`],
    ['connection', 'keep-alive'],
    ['Content-Type', 'application/json'],
    ['Accept', 'application/json'],
    ['User-Agent', 'osquery/5.23.0 osquery-remote/0.1.0'],
    ['Authorization', 'NodeKey a-node-key'],
    ['Content-Encoding', 'gzip'],
    ['Accept-Encoding', 'gzip'],
    ['x-osquery-remote-writer', 'writer-1'],
    ['x-osquery-remote-stream', 'result'],
    ['x-osquery-remote-lines', '1-2'],
    ['content-length', String(body?.length)],
  ]);
  expect(headers?.['transfer-encoding']).toBeUndefined();
});

test('what is not to be sent makes no request', async () => {
  await using talk = await bench.start(() => ({ status: 200, body: '' }));
  const reply = await talk.log(['not JSON']);
  expect(reply).toMatchObject({
    attempts: 0,
    outcome: { kind: 'delivered' },
    batch: { lines: 0, next: { record: 2, row: 0 }, unfit: [{ record: 1, row: 0, reason: 'not JSON' }] },
  });
  expect(Buffer.from(reply.batch?.unfit[0]?.bytes ?? []).toString()).toBe('not JSON');
  expect(talk.server.connections).toBe(0);
});

test('a log that failed says what it carried, so that the outbox can cut it', async () => {
  await using talk = await bench.start(() => ({ status: 413, body: '' }));
  expect(await talk.log(['{"a":1}', 'x', '{"b":2}'])).toMatchObject({
    outcome: { kind: 'too_large', reason: 'HTTP 413' },
    batch: { lines: 2, next: { record: 4, row: 0 }, unfit: [{ record: 2 }] },
  });
});

test('results that are no JSON object are rejected without a request', async () => {
  await using talk = await bench.start(() => ({ status: 200, body: '' }));
  const results = Buffer.from('[1');
  const call = { endpoint: 'distributed_write', nodeKey: 'k', results } as const;
  expect((await talk.transport.request(call, talk.signal)).outcome.kind).toBe('rejected');
  expect(talk.server.connections).toBe(0);
});
