import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TransportRequest } from '../../src/plugins/transport/index.ts';
import { elementsOf, membersOf, spells } from '../../src/plugins/transport/json-scan.ts';
import { needsSecret, prepare, prepareBody } from '../../src/plugins/transport/prepare.ts';
import { RowWriter } from '../../src/plugins/transport/row-lines.ts';
import { readSecret } from '../../src/plugins/transport/secret.ts';
import { Bench } from './bench.ts';

/** Requests of the built-in plugins, recorded on osqueryd; see test/traces/README.md. */
const folder = join(import.meta.dirname, '..', 'traces');

interface Header {
  readonly flags: readonly string[];
  readonly osquery_version: string;
  readonly enroll_secret_file: string;
  readonly port: number;
}

interface Exchange {
  readonly event: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body_b64?: string;
}

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

/** The member `name` of a JSON object, as it stands there. */
function raw(body: Buffer, name: string): Buffer | undefined {
  const member = membersOf(body)?.find(({ key }) => spells(body, key, JSON.stringify(name)));
  return member && body.subarray(member.value.start, member.value.end);
}

/** The call that led to a recorded request. */
function callOf(path: string, body: Buffer, nodeKey: string): TransportRequest | undefined {
  if (path.includes('/enroll')) {
    const { host_identifier, platform_type, host_details } = JSON.parse(body.toString());
    const details = {
      hostIdentifier: host_identifier,
      platformType: platform_type,
      hostDetails: host_details,
    };
    return { endpoint: 'enroll', ...details };
  }
  if (path.includes('/config')) return { endpoint: 'config', nodeKey };
  if (path.includes('/distributed_read')) return { endpoint: 'distributed_read', nodeKey };
  if (path.includes('/distributed_write')) {
    const results = body.toString('latin1').replace(/,"node_key":"[^"]*"}$/, '}');
    return { endpoint: 'distributed_write', nodeKey, results: Buffer.from(results, 'latin1') };
  }
  if (!path.includes('/log')) return undefined;
  const data = raw(body, 'data') ?? Buffer.alloc(0);
  const records = (elementsOf(data) ?? []).map(({ start, end }, i) => ({
    number: i + 1,
    kind: 'line' as const,
    bytes: data.subarray(start, end),
    acceptedAt: 0,
  }));
  const stream = raw(body, 'log_type')?.toString() === '"status"' ? ('status' as const) : ('result' as const);
  const limits = { firstRow: 0, maxLines: 1_024, maxBytes: 100_000_000 };
  return { endpoint: 'log', nodeKey, batch: { stream, writer: 'w', records, ...limits } };
}

const files = readdirSync(folder).filter((file) => /^http-tls-.*\.ndjson$/.test(file));

test('the recorded requests are there', () => {
  expect(files.length).toBeGreaterThan(30);
});

for (const file of files) {
  test(`${file}: we send the same path, headers and body`, () => {
    const [header, ...events] = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
    const { flags, osquery_version, enroll_secret_file, port } = header as Header;
    const flag = (name: string) =>
      flags
        .find((text) => text.startsWith(`--${name}=`))
        ?.split('=')
        .slice(1)
        .join('=');
    const settings = bench.settings(port, {
      osqueryVersion: osquery_version,
      nodeApi: flag('tls_node_api') === 'true',
      secretAlways: flag('tls_secret_always') === 'true',
      enrollOverride: flag('tls_enroll_override') ?? 'enroll_secret',
      acceptGzip: flag('tls_accept_gzip') === 'true',
      compress: flag('logger_tls_compress') === 'true',
      secretPath: bench.write('secret', enroll_secret_file),
      endpoints: {
        enroll: flag('enroll_tls_endpoint') ?? '',
        config: flag('config_tls_endpoint') ?? '',
        log: flag('logger_tls_endpoint') ?? '',
        distributedRead: flag('distributed_tls_read_endpoint') ?? '',
        distributedWrite: flag('distributed_tls_write_endpoint') ?? '',
      },
    });
    let checked = 0;
    for (const exchange of events as Exchange[]) {
      if (exchange.event !== 'exchange' || exchange.path.startsWith('/moved')) continue;
      const sent = Buffer.from(exchange.body_b64 ?? '', 'base64');
      const zipped = sent[0] === 0x1f;
      const body = zipped ? gunzipSync(sent) : sent;
      const authorization = exchange.headers.find(([name]) => name === 'Authorization')?.[1];
      const call = callOf(exchange.path, body, authorization?.replace('NodeKey ', '') ?? '');
      if (call === undefined) continue;
      const secret = needsSecret(call.endpoint, settings) ? readSecret(settings) : '';
      const prepared = prepareBody(call, settings, new RowWriter());
      const http = prepare(call, prepared, settings, { secret, attempt: 1 });

      expect(http.method).toBe(exchange.method);
      expect(http.body?.toString('latin1') ?? '').toBe(body.toString('latin1'));
      expect(http.compress).toBe(zipped);
      // Spaces and the like are encoded by us and not by osquery.
      const special = /[ #+%]|=.*&.*=/.test(enroll_secret_file);
      if (!special) expect(http.url.pathname + http.url.search).toBe(exchange.path);
      const ours = http.headers.filter(([name]) => !name.startsWith('x-osquery-remote-'));
      const fromConnection = ['Host', 'Content-Length', 'Content-Encoding'];
      const theirs = exchange.headers.filter(([name]) => !fromConnection.includes(name));
      expect(
        ours.map(([name, value]) => [name, name === 'User-Agent' ? value.split(' ')[0] : value]),
      ).toEqual(theirs);
      checked++;
    }
    expect(checked).toBeGreaterThan(0);
  });
}
