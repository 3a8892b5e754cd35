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
    expect(results.length).toBeGreaterThan(0);
  });
}
