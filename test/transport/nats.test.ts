import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench } from './bench.ts';
import { ExampleHost } from './example-host.ts';
import { findNatsServer, NatsServer } from './nats-server.ts';

const binary = findNatsServer();
if (binary === undefined) {
  console.log('nats.ts is not tested: there is no nats-server on the PATH (apt-get install nats-server)');
}

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

describe.skipIf(binary === undefined)('nats.ts (needs nats-server on the PATH)', () => {
  test('logs go to NATS and the rest to the server; a repeated batch is stored once; an outage loses nothing', async () => {
    const store = bench.path('jetstream');
    await using nats = await NatsServer.start(binary ?? '', store);
    await nats.createStream();
    await using host = await ExampleHost.start(bench, 'nats.ts', { env: { NATS_URL: nats.url } });
    const nodeKey = await host.enroll();
    expect((await host.config(nodeKey)).outcome.kind).toBe('delivered');

    const first = ['{"n":1}', '{"n":2.50}'];
    expect(await host.log(nodeKey, first)).toMatchObject({
      outcome: { kind: 'delivered' },
      batch: { lines: 2, next: { record: 3, row: 0 } },
    });
    // As after a lost reply, in another batch.
    expect((await host.log(nodeKey, [...first, '{"n":3}'])).outcome.kind).toBe('delivered');
    expect((await host.log(nodeKey, ['[{"s":"0","m":"hello"}]'], 'statuses')).outcome.kind).toBe('delivered');
    const expected = [
      ['osquery.result', '{"n":1}'],
      ['osquery.result', '{"n":2.50}'],
      ['osquery.result', '{"n":3}'],
      ['osquery.status', '{"severity":0,"message":"hello","version":"5.23.0"}'],
    ];
    expect(new Set((await nats.stored()).map(String))).toEqual(new Set(expected.map(String)));
    expect(host.lines()).toEqual([]);

    await nats[Symbol.asyncDispose]();
    expect((await host.log(nodeKey, [...first, '{"n":3}', '{"n":4}'])).outcome.kind).toBe('retry');
    await using again = await NatsServer.start(binary ?? '', store, nats.port);
    let outcome = 'retry';
    while (outcome === 'retry') {
      outcome = (await host.log(nodeKey, [...first, '{"n":3}', '{"n":4}'])).outcome.kind;
    }
    expect((await again.stored()).map(String)).toContainEqual('osquery.result,{"n":4}');
    expect((await again.stored()).length).toBe(5);
  });
});
