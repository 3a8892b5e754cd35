import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWorker } from '../../src/plugins/transport/index.ts';
import { createServer, type InterceptedRequest } from '../../src/server/index.ts';
import { Bench } from './bench.ts';
import { ExampleHost, serverOptions } from './example-host.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

test('no example is longer than 30 lines', () => {
  const folder = join(import.meta.dirname, '..', '..', 'examples', 'transport');
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThanOrEqual(5);
  for (const name of files) {
    expect(readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').length, name).toBeLessThanOrEqual(
      30,
    );
  }
});

test('bearer.ts: a token goes with every request, and a new one is fetched when the gateway refuses it', async () => {
  const asked: string[] = [];
  const issuer = createHttpServer((request, response) => {
    request.setEncoding('utf8').on('data', (body: string) => asked.push(body));
    request.on('end', () => response.end(JSON.stringify({ access_token: `token-${asked.length}` })));
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  let valid = 'Bearer token-1';
  const intercept = (_: unknown, { headers }: InterceptedRequest) =>
    headers.authorization === valid ? undefined : { status: 401 };
  const env = {
    TOKEN_URL: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token`,
    CLIENT_ID: 'host-1',
    CLIENT_SECRET_FILE: bench.write('client-secret', 'a-client-secret\n'),
  };
  {
    await using host = await ExampleHost.start(bench, 'bearer.ts', { env, server: { intercept } });
    const nodeKey = await host.enroll();
    expect((await host.config(nodeKey)).outcome.kind).toBe('delivered');
    expect(asked).toEqual(['grant_type=client_credentials&client_id=host-1&client_secret=a-client-secret']);
    valid = 'Bearer token-2';
    expect(await host.log(nodeKey, ['{"n":1}'])).toMatchObject({
      outcome: { kind: 'delivered' },
      attempts: 1,
    });
    expect(asked.length).toBe(2);
    valid = 'Bearer nobody has it';
    expect((await host.log(nodeKey, ['{"n":2}'])).outcome).toEqual({ kind: 'refused', reason: 'HTTP 401' });
    expect(host.lines()).toEqual(['{"n":1}']);
  }
  issuer.close();
});

test('rfc9421.ts: a server that verifies signatures and digests takes what is sent, compressed or not', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const env = {
    SIGNING_KEY_FILE: bench.write(
      'signing.pem',
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    SIGNING_KEY_ID: 'host-1',
  };
  let origin = '';
  const seen: string[] = [];
  /** Written after RFC 9421, section 2.5, and RFC 9530, by hand. */
  const verified = ({ method, url, headers, body }: InterceptedRequest): boolean => {
    const header = (name: string) => String(headers[name]);
    const params = header('signature-input').replace(/^sig1=/, '');
    const signature = /^sig1=:(.*):$/.exec(header('signature'))?.[1] ?? '';
    const base = `"@method": ${method}\n"@target-uri": ${origin}${url}\n"content-digest": ${header('content-digest')}\n"@signature-params": ${params}`;
    expect(params).toMatch(
      /^\("@method" "@target-uri" "content-digest"\);created=\d{10};keyid="host-1";alg="ed25519"$/,
    );
    seen.push(`${headers['content-encoding'] ?? 'plain'} ${header('content-digest')}`);
    return (
      verify(null, Buffer.from(base), publicKey, Buffer.from(signature, 'base64')) &&
      // The server has inflated the body already; the digest of a compressed one is checked below.
      (headers['content-encoding'] === 'gzip' || header('content-digest') === digestOf(body))
    );
  };
  const intercept = (_: unknown, request: InterceptedRequest) =>
    verified(request) ? undefined : { status: 403 };
  await using host = await ExampleHost.start(bench, 'rfc9421.ts', { env, server: { intercept } });
  origin = `https://localhost:${host.server.address.port}`;
  const nodeKey = await host.enroll();
  expect((await host.log(nodeKey, ['{"n":1}'])).outcome.kind).toBe('delivered');
  expect(host.lines()).toEqual(['{"n":1}']);
  expect(seen.every((text) => text.startsWith('plain sha-256=:'))).toBe(true);
});

test('rfc9421.ts: the digest of a compressed body is that of the bytes on the wire', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const path = bench.write('signing2.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  process.env['SIGNING_KEY_FILE'] = path;
  const module = join(import.meta.dirname, '..', '..', 'examples', 'transport', 'rfc9421.ts');
  await using talk = await bench.start(() => ({ status: 200, body: '' }), {
    change: { compress: true },
    spawn: inWorker({ module }),
  });
  expect((await talk.log(['{"n":1}'])).outcome.kind).toBe('delivered');
  delete process.env['SIGNING_KEY_FILE'];
  const [request] = talk.server.seen;
  expect(request?.headers['content-encoding']).toBe('gzip');
  expect(request?.headers['content-digest']).toBe(digestOf(request?.body ?? Buffer.alloc(0)));
  expect(gunzipSync(request?.body ?? '').toString()).toContain('"data":[{"n":1}]');
});

test('fallback.ts: a second server takes over when the first fails, and goes on as long as it answers', async () => {
  const { certificate, key } = bench.server;
  const tls = { certificate, key, ca: bench.authority.certificate };
  let down = true;
  const asked: string[] = [];
  const intercept = (endpoint: string) => {
    asked.push(endpoint);
    return down ? { status: 503 } : undefined;
  };
  const second = await createServer({ ...serverOptions, tls });
  await second.listen();
  const env = { SECOND_SERVER: `localhost:${second.address.port}` };
  await using host = await ExampleHost.start(bench, 'fallback.ts', { env, server: { tls, intercept } });
  const nodeKey = await host.enroll();
  expect((await host.config(nodeKey)).outcome.kind).toBe('delivered');
  expect(await host.log(nodeKey, ['{"n":1}'])).toMatchObject({ outcome: { kind: 'delivered' }, attempts: 1 });
  expect(asked).toEqual(['enroll']);
  expect(readFileSync(second.logFile('result'), 'utf8')).toBe('{"n":1}\n');
  down = false;
  await second.close();
  // The two share no database here: the first one answers, and does not know the key.
  expect((await host.config(nodeKey)).outcome.kind).toBe('node_invalid');
  expect(asked).toEqual(['enroll', 'config']);
});

test('redact.ts: columns are hidden in logs and in distributed results, one query is kept, the rest stays as it is', async () => {
  await using host = await ExampleHost.start(bench, 'redact.ts');
  const nodeKey = await host.enroll();
  const reply = await host.log(nodeKey, [
    '{"name":"users","columns":{"user":"a","password_hash":"$6$abc"},"action":"added"}',
    '{"name":"sizes","columns":{"size":12345678901234567890.0}}',
    '{"name":"pack/local/forensics","columns":{"path":"/secret"}}',
    '{"snapshot":[{"ssh_key":"AAAA"},{"ssh_key":"BBBB","n":1}],"name":"keys"}',
  ]);
  expect(reply).toMatchObject({
    outcome: { kind: 'delivered' },
    batch: { lines: 3, dropped: 1, next: { record: 5, row: 0 }, unfit: [] },
  });
  expect(host.lines()).toEqual([
    '{"name":"users","columns":{"user":"a","password_hash":"<redacted>"},"action":"added"}',
    '{"name":"sizes","columns":{"size":12345678901234567890.0}}',
    '{"snapshot":[{"ssh_key":"<redacted>"},{"ssh_key":"<redacted>","n":1}],"name":"keys"}',
  ]);
  const id = await host.server.query('SELECT * FROM shadow');
  const results: unknown[] = [];
  await host.transport.request({ endpoint: 'distributed_read', nodeKey }, new AbortController().signal);
  const following = (async () => {
    for await (const result of host.server.results(id)) {
      results.push(result);
      break;
    }
  })();
  const rows = [{ user: 'a', password_hash: '$6$abc' }];
  const written = await host.write(nodeKey, { queries: { [id]: rows }, statuses: { [id]: 0 } });
  expect(written.outcome.kind).toBe('delivered');
  await following;
  expect(JSON.stringify(results)).toContain('"password_hash":"<redacted>"');
  expect(JSON.stringify(results)).not.toContain('$6$abc');
});

function digestOf(body: Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
}
