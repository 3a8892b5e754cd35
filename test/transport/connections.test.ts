import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench, type Talk } from './bench.ts';
import type { Answer } from './script-server.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const ok: Answer = { status: 200, body: '{"a":1}' };

const encodings = ({ server }: Talk) => server.seen.map(({ headers }) => headers['content-encoding']);

describe('keep-alive', () => {
  test('one connection serves one call after the other', async () => {
    await using talk = await bench.start(() => ok);
    for (let i = 0; i < 5; i++) expect((await talk.config()).outcome.kind).toBe('delivered');
    expect(talk.server.connections).toBe(1);
  });

  test('calls at the same time get connections of their own', async () => {
    await using talk = await bench.start(() => ok);
    await Promise.all([talk.config(), talk.config(), talk.config()]);
    expect(talk.server.connections).toBe(3);
    await Promise.all([talk.config(), talk.config(), talk.config()]);
    expect(talk.server.connections).toBe(3);
  });

  test('a server that hangs up on a reused connection is asked once more, within the same attempt', async () => {
    // Every connection serves one request and is cut on the second, as osquery's own test server does.
    await using talk = await bench.start(({ connection }) =>
      talk.server.seen.filter((seen) => seen.connection === connection).length > 1 ? 'reset' : ok,
    );
    for (let i = 0; i < 10; i++)
      expect(await talk.config()).toMatchObject({ attempts: 1, outcome: { kind: 'delivered' } });
    expect(talk.server.seen.length).toBe(19);
  });

  test('a server that hangs up on a fresh connection is not asked again', async () => {
    await using talk = await bench.start(() => 'reset');
    const { outcome } = await talk.log(['{}']);
    expect(outcome).toEqual({
      kind: 'retry',
      reason: `reset: localhost:${talk.server.port} closed the connection before its answer was complete`,
    });
    expect(talk.server.seen.length).toBe(1);
  });

  test('a reused connection that broke off in the middle of an answer is not asked again', async () => {
    await using talk = await bench.start(() =>
      talk.server.seen.length === 1 ? ok : { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"' },
    );
    await talk.config();
    expect((await talk.log(['{}'])).outcome).toMatchObject({ kind: 'retry', reason: /^reset: / });
    expect(talk.server.seen.length).toBe(2);
  });

  test('not even when it broke off within the first line', async () => {
    await using talk = await bench.start(() => (talk.server.seen.length === 1 ? ok : { raw: 'HTTP/1.1 2' }));
    await talk.config();
    expect((await talk.log(['{}'])).outcome).toMatchObject({ kind: 'retry' });
    expect(talk.server.seen.length).toBe(2);
  });

  test('connections that the server closed while idle are opened again', async () => {
    await using talk = await bench.start(() => ok);
    await talk.config();
    talk.server.dropConnections();
    expect((await talk.log(['{}'])).outcome.kind).toBe('delivered');
    expect(talk.server.connections).toBe(2);
  });

  test('without tls_session_reuse each request has a connection of its own', async () => {
    await using talk = await bench.start(() => ok, { change: { sessionReuse: false } });
    for (let i = 0; i < 3; i++) await talk.config();
    expect(talk.server.connections).toBe(3);
    expect(talk.server.seen[0]?.headers.connection).toBe('close');
  });

  test('a connection older than tls_session_timeout is replaced', async () => {
    await using talk = await bench.start(() => ok, { change: { sessionTimeoutS: 60 } });
    await talk.config();
    await talk.clock.advance(59_000);
    await talk.config();
    expect(talk.server.connections).toBe(1);
    await talk.clock.advance(1_000);
    await talk.config();
    expect(talk.server.connections).toBe(2);
  });
});

describe('redirects', () => {
  const to = (status: number, location: string): Answer => ({ status, headers: { location }, body: '' });

  test.each([307, 308])('%i within the server is followed, with method and body', async (status) => {
    await using talk = await bench.start(({ url }) => (url === '/log' ? to(status, '/v2/log?a=b') : ok));
    expect((await talk.log(['{"name":"x"}'])).outcome.kind).toBe('delivered');
    const [first, second] = talk.server.seen;
    expect([second?.method, second?.url]).toEqual(['POST', '/v2/log?a=b']);
    expect(second?.body).toEqual(first?.body);
    expect(second?.headers.authorization).toBe('NodeKey a-node-key');
  });

  test.each([301, 302, 303])('%i is not followed', async (status) => {
    await using talk = await bench.start(() => to(status, '/v2'));
    expect((await talk.log(['{}'])).outcome).toEqual({
      kind: 'retry',
      reason: `HTTP ${status}: redirect not followed`,
    });
    expect(talk.server.seen.length).toBe(1);
  });

  test('no redirect leads to another server, and the node key stays here', async () => {
    await using other = await bench.start(() => ok);
    await using talk = await bench.start(() =>
      to(307, `https://localhost:${other.server.port}/log?k=a-node-key`),
    );
    const { outcome } = await talk.log(['{}']);
    expect(outcome).toEqual({
      kind: 'retry',
      reason: `redirect: HTTP 307 to https://localhost:${other.server.port}, another server, is not followed`,
    });
    expect(other.server.connections).toBe(0);
  });

  test('nor to plain HTTP', async () => {
    await using talk = await bench.start(() => to(307, `http://localhost:${talk.server.port}/log`));
    expect((await talk.log(['{}'])).outcome.kind).toBe('retry');
    expect(talk.server.seen.length).toBe(1);
  });

  test('a circle ends after five', async () => {
    await using talk = await bench.start(() => to(307, '/log'));
    expect((await talk.log(['{}'])).outcome).toEqual({
      kind: 'retry',
      reason: 'redirect: more than 5 redirects',
    });
    expect(talk.server.seen.length).toBe(6);
  });
});

describe('limits of a reply', () => {
  test('a body beyond 8 MiB is refused', async () => {
    await using talk = await bench.start(() => ({
      status: 200,
      body: Buffer.alloc(8 * 1024 * 1024 + 1, 0x20),
    }));
    expect((await talk.log(['{}'])).outcome).toMatchObject({ kind: 'retry', reason: /^reply_too_large: / });
  });

  test('a head beyond 32 KiB is refused', async () => {
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'x'.repeat(1_000)]));
    await using talk = await bench.start(() => ({ status: 200, headers, body: '{}' }));
    expect((await talk.log(['{}'])).outcome).toMatchObject({
      kind: 'retry',
      reason: /^reply_too_large: the head/,
    });
  });

  test('a small body that inflates beyond 8 MiB is refused', async () => {
    const body = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    await using talk = await bench.start(() => ({
      status: 200,
      headers: { 'content-encoding': 'gzip' },
      body,
    }));
    expect((await talk.log(['{}'])).outcome).toMatchObject({
      kind: 'retry',
      reason: /^reply_too_large: the answer inflates/,
    });
  });

  test('what is not HTTP is refused', async () => {
    await using talk = await bench.start(() => ({ raw: 'SSH-2.0-OpenSSH_9.2\r\n' }));
    expect((await talk.log(['{}'])).outcome).toMatchObject({
      kind: 'retry',
      reason: /^protocol: .* is not HTTP/,
    });
  });

  test('what is not the gzip that it says is refused', async () => {
    await using talk = await bench.start(() => ({
      status: 200,
      headers: { 'content-encoding': 'gzip' },
      body: '{"a":1}',
    }));
    expect((await talk.log(['{}'])).outcome).toMatchObject({
      kind: 'retry',
      reason: /^protocol: HTTP 200: .* not the gzip/,
    });
  });
});

describe('gzip', () => {
  test('a reply in gzip is read', async () => {
    const body = gzipSync('{"schedule":{}}');
    await using talk = await bench.start(
      () => ({ status: 200, headers: { 'content-encoding': 'gzip' }, body }),
      {
        change: { acceptGzip: true },
      },
    );
    const { outcome } = await talk.config();
    expect(outcome.kind === 'delivered' && Buffer.from(outcome.body).toString()).toBe('{"schedule":{}}');
    expect(talk.server.seen[0]?.headers['accept-encoding']).toBe('gzip');
  });

  test('only the log is compressed', async () => {
    await using talk = await bench.start(() => ok, { change: { compress: true } });
    await talk.config();
    await talk.log(['{"name":"x"}']);
    const [config, log] = talk.server.seen;
    expect(config?.headers['content-encoding']).toBeUndefined();
    expect(log?.headers['content-encoding']).toBe('gzip');
    expect(log?.body.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    expect(log?.headers['content-length']).toBe(String(log?.body.length));
  });

  test.each([400, 415])(
    'a server that answers gzip with %i gets it plain, from then on at once',
    async (status) => {
      await using talk = await bench.start(
        ({ headers }) => (headers['content-encoding'] === 'gzip' ? { status, body: '{}' } : ok),
        { change: { compress: true } },
      );
      expect(await talk.log(['{"name":"x"}'])).toMatchObject({ attempts: 1, outcome: { kind: 'delivered' } });
      await talk.log(['{"name":"y"}']);
      expect(encodings(talk)).toEqual(['gzip', undefined, undefined]);
    },
  );

  test.each([
    ['500', { status: 500, body: '' }],
    ['a hang-up', 'reset'],
  ] as const)(
    'one that answers gzip with %s gets it plain, and is believed the second time',
    async (_, refusal) => {
      await using talk = await bench.start(
        ({ headers }) => (headers['content-encoding'] === 'gzip' ? refusal : ok),
        { change: { compress: true, sessionReuse: false } },
      );
      for (const name of ['x', 'y', 'z']) {
        expect(await talk.log([`{"name":"${name}"}`])).toMatchObject({
          attempts: 1,
          outcome: { kind: 'delivered' },
        });
      }
      expect(encodings(talk)).toEqual(['gzip', undefined, 'gzip', undefined, undefined]);
    },
  );

  test('a failure that has nothing to do with gzip does not end the compression', async () => {
    await using talk = await bench.start(
      () => ([1, 4].includes(talk.server.seen.length) ? { status: 500 } : ok),
      {
        change: { compress: true },
      },
    );
    for (const name of ['x', 'y', 'z', 'a']) await talk.log([`{"name":"${name}"}`]);
    expect(encodings(talk)).toEqual(['gzip', undefined, 'gzip', 'gzip', undefined, 'gzip']);
  });

  test('a server that refuses both forms keeps its gzip', async () => {
    await using talk = await bench.start(() => ({ status: 500, body: '' }), { change: { compress: true } });
    await talk.log(['{}']);
    await talk.log(['{}']);
    expect(talk.server.seen.map(({ headers }) => headers['content-encoding'])).toEqual([
      'gzip',
      undefined,
      'gzip',
      undefined,
    ]);
  });
});
