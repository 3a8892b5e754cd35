import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  inWorker,
  type TransportRequest,
  type TransportSettings,
} from '../../src/plugins/transport/index.ts';
import { Bench } from './bench.ts';
import type { Answer, Seen } from './script-server.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const nodeKey = 'recognisable-node-key';
const secret = 'recognisable secret&more';
const password = 'recognisable-password';

const calls: TransportRequest[] = [
  { endpoint: 'enroll', hostIdentifier: 'h', platformType: '9', hostDetails: {} },
  { endpoint: 'config', nodeKey },
  { endpoint: 'distributed_read', nodeKey },
  { endpoint: 'distributed_write', nodeKey, results: Buffer.from('{"queries":{}}') },
];

/** Whatever the server heard, it says again. */
const echo = ({ url, headers, body }: Seen) =>
  `${url} ${inspect(headers)} ${body} ${'x'.repeat(120)} ${url} ${'x'.repeat(190)} ${url}`;
const answers: Record<string, (seen: Seen) => Answer> = {
  'an error that quotes the request': (seen) => ({
    status: 200,
    body: JSON.stringify({ error: echo(seen) }),
  }),
  'a page that quotes the request': (seen) => ({ status: 502, body: `<html>${echo(seen)}</html>` }),
  'a refusal that quotes the request': (seen) => ({
    status: 401,
    body: JSON.stringify({ error: echo(seen), node_invalid: true }),
  }),
  'a redirect that quotes the request': ({ url, headers }) => ({
    status: 307,
    headers: { location: `https://${headers.authorization?.slice(8) ?? 'other'}.example.com${url}` },
  }),
  'a new key': () => ({ status: 200, body: '{"node_key":"recognisable-new-key"}' }),
  'a hang-up': () => 'reset',
  nonsense: (seen) => ({ raw: `${echo(seen)}\r\n` }),
};

const kinds: Partial<TransportSettings>[] = [
  { dump: true, secretAlways: true },
  { dump: true, secretAlways: true, nodeApi: true },
  { proxyHostname: `me:${password}@127.0.0.1:1`, secretAlways: true },
  { hostname: 'no such host', secretAlways: true },
  { serverCerts: '/no/such/file', secretAlways: true },
];

for (const [name, answer] of Object.entries(answers)) {
  test(`no secret shows up anywhere after ${name}`, async () => {
    const secretPath = bench.write('recognisable', secret);
    const common = { secretPath, configAttempts: 1, distributedAttempts: 1 };
    await using talk = await bench.start(answer, { change: common, spawn: inWorker() });
    for (const change of kinds) {
      talk.transport.update({ ...talk.settings, ...change });
      for (const call of calls) {
        const { outcome } = await talk.transport.request(call, talk.signal);
        const text = `${JSON.stringify(outcome.kind === 'delivered' ? {} : outcome)} ${talk.logged.join('\n')}`;
        expect(text.replaceAll(secretPath, '')).not.toMatch(/recognisable/);
      }
    }
    expect(talk.logged.length).toBeGreaterThan(0);
  });
}
