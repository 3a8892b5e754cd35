import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aroundOf } from '../../src/plugins/transport/custom.ts';
import {
  answer,
  defineTransport,
  delivered,
  inProcess,
  jsonOf,
  linesOf,
  RequestHeaders,
  type TransportModule,
  type TransportSettings,
  tryAgain,
} from '../../src/plugins/transport/index.ts';
import { Bench, type Talk } from './bench.ts';
import type { Answer, Seen } from './script-server.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const ok: Answer = { status: 200, body: '{"a":1}' };

const start = (
  module: TransportModule,
  reply: (request: Seen) => Answer = () => ok,
  change: Partial<TransportSettings> = {},
): Promise<Talk> =>
  bench.start(reply, {
    spawn: inProcess(aroundOf(defineTransport(module))),
    change: { configAttempts: 1, distributedAttempts: 1, ...change },
  });

describe('order', () => {
  test('call runs once around all attempts, attempt once per attempt; the first of a list is the outermost', async () => {
    const told: string[] = [];
    const layer =
      (name: string) =>
      async <R, A>(request: R, next: (request: R) => Promise<A>): Promise<A> => {
        told.push(`${name} in`);
        const reply = await next(request);
        told.push(`${name} out`);
        return reply;
      };
    await using talk = await start(
      {
        call: [layer('call 1'), layer('call 2')],
        attempt: [layer('attempt 1'), layer('attempt 2')],
        send: layer('send'),
      },
      () => (talk.server.seen.length === 1 ? { status: 500 } : ok),
      { configAttempts: 2 },
    );
    const reply = talk.config();
    await talk.clock.sleeping(1_000);
    await talk.clock.advance(1_000);
    expect((await reply).attempts).toBe(2);
    const attempt = ['attempt 1 in', 'attempt 2 in', 'send in', 'send out', 'attempt 2 out', 'attempt 1 out'];
    expect(told).toEqual(['call 1 in', 'call 2 in', ...attempt, ...attempt, 'call 2 out', 'call 1 out']);
  });

  test('a map has one for each endpoint, and what it leaves out passes', async () => {
    const told: string[] = [];
    const tell = <T>(text: string, result: T): T => {
      told.push(text);
      return result;
    };
    await using talk = await start({
      call: { config: (request, next) => tell(request.nodeKey, next(request)) },
      attempt: { log: (request, next) => tell(`${linesOf(request).length} line`, next(request)) },
    });
    await talk.config();
    await talk.log(['{}']);
    expect(told).toEqual(['a-node-key', '1 line']);
  });
});

describe('what an attempt may change', () => {
  test('headers, path, query and body', async () => {
    await using talk = await start({
      attempt(request, next) {
        request.headers.set('User-Agent', 'mine');
        request.headers.delete('Accept');
        request.headers.append('X-New', `attempt ${request.attempt}`);
        const url = new URL(`/moved?a=b`, request.url);
        return next({ ...request, url, body: '{"mine":true}' });
      },
    });
    expect((await talk.config()).outcome.kind).toBe('delivered');
    const [seen] = talk.server.seen;
    expect(seen?.url).toBe('/moved?a=b');
    expect(seen?.body.toString()).toBe('{"mine":true}');
    const names = seen?.rawHeaders.filter((_, i) => i % 2 === 0);
    expect(names?.filter((name) => /^[A-Z]/.test(name))).toEqual([
      'Content-Type',
      'User-Agent',
      'Authorization',
      'X-New',
    ]);
    expect(seen?.headers).toMatchObject({
      'user-agent': 'mine',
      'x-new': 'attempt 1',
      'content-length': '13',
    });
  });

  test('headers of another kind, as who writes JavaScript may hand on', async () => {
    await using talk = await start({
      attempt: (request, next) =>
        next({ ...request, headers: new RequestHeaders(Object.entries({ 'X-Only': '1' })) }),
    });
    await talk.config();
    expect(talk.server.seen[0]?.headers['x-only']).toBe('1');
    expect(talk.server.seen[0]?.headers['content-type']).toBeUndefined();
  });

  test('the signal: a shorter deadline of its own ends the request', async () => {
    const stop = new AbortController();
    await using talk = await start(
      { attempt: (request, next) => next({ ...request, signal: stop.signal }) },
      () => 'hang',
    );
    const reply = talk.config();
    await talk.server.requests(1);
    stop.abort(new Error('that took too long'));
    expect((await reply).outcome).toEqual({ kind: 'retry', reason: 'internal: that took too long' });
  });

  test('a signal of its own does not outlive ours', async () => {
    await using talk = await start(
      { attempt: (request, next) => next({ ...request, signal: new AbortController().signal }) },
      () => 'hang',
    );
    const reply = talk.config();
    await talk.server.requests(1);
    const closed = new Promise((resolve) => talk.server.seen[0]?.socket.once('close', resolve));
    await talk.clock.advance(16_000);
    expect((await reply).outcome).toEqual({ kind: 'retry', reason: 'deadline: no answer within 16 s' });
    await closed;
  });

  test('the server: each keeps its connection open', async () => {
    await using other = await start({});
    await using talk = await start({
      attempt: (request, next) => {
        const port = `${(request.endpoint === 'log' ? other : talk).server.port}`;
        return next({ ...request, url: Object.assign(new URL(request.url), { port }) });
      },
    });
    for (let i = 0; i < 3; i++) {
      expect((await talk.config()).outcome.kind).toBe('delivered');
      expect((await talk.log(['{}'])).outcome.kind).toBe('delivered');
    }
    expect([talk, other].map(({ server }) => [server.seen.length, server.connections])).toEqual([
      [3, 1],
      [3, 1],
    ]);
  });

  test('nothing but https', async () => {
    await using talk = await start({
      attempt: (request, next) => next({ ...request, url: new URL('http://localhost/') }),
    });
    expect((await talk.config()).outcome).toEqual({
      kind: 'retry',
      reason: 'internal: the transport module asks for http://localhost: only https is there',
    });
  });
});

describe('answers that are made up', () => {
  test('by an attempt: they are read like those of a server', async () => {
    await using talk = await start({
      attempt: {
        config: () => answer(200, { schedule: {} }),
        enroll: () => answer(200, '{"node_key":"made-up-key"}'),
        log: () => answer(429, '', { 'Retry-After': '7' }),
        distributed_read: () => answer(401, { node_invalid: true }),
      },
    });
    const { transport, signal } = talk;
    const text = ({ outcome }: Awaited<ReturnType<typeof talk.config>>) =>
      outcome.kind === 'delivered' ? Buffer.from(outcome.body).toString() : outcome;
    expect(text(await talk.config())).toBe('{"schedule":{}}');
    const enroll = { endpoint: 'enroll', hostIdentifier: 'h', platformType: '9', hostDetails: {} } as const;
    expect(text(await transport.request(enroll, signal))).toBe('made-up-key');
    expect(text(await talk.log(['{}']))).toMatchObject({ kind: 'retry', afterMs: 7_000 });
    expect(
      text(await transport.request({ endpoint: 'distributed_read', nodeKey: 'k' }, signal)),
    ).toMatchObject({
      kind: 'node_invalid',
    });
    expect(talk.server.seen).toEqual([]);
  });

  test('by fetch', async () => {
    await using talk = await start({
      send: () => new Response('{"schedule":{}}', { status: 200, headers: { 'X-From': 'fetch' } }),
      attempt: async (request, next) => {
        const reply = await next(request);
        expect(reply.headers['x-from']).toBe('fetch');
        expect(jsonOf(reply)).toEqual({ schedule: {} });
        return reply;
      },
    });
    expect((await talk.config()).outcome.kind).toBe('delivered');
  });

  test('by a call: delivered means all of a batch', async () => {
    await using talk = await start({
      call: { log: () => delivered(), config: () => tryAgain('not today', 5_000) },
    });
    expect(await talk.log(['{"a":1}', 'not JSON', '{"b":2}'])).toMatchObject({
      outcome: { kind: 'delivered' },
      batch: {
        lines: 2,
        dropped: 0,
        next: { record: 4, row: 0 },
        unfit: [{ record: 2, row: 0, reason: 'not JSON' }],
      },
    });
    expect((await talk.config()).outcome).toEqual({ kind: 'retry', reason: 'not today', afterMs: 5_000 });
    expect(talk.server.seen).toEqual([]);
  });

  test.each([undefined, null, 5, {}, { status: '200' }, { status: 99 }, { status: 200.5 }])(
    'an attempt that answers %j is a failed attempt',
    async (nonsense) => {
      await using talk = await start({ attempt: () => nonsense as never });
      expect((await talk.config()).outcome).toMatchObject({
        kind: 'retry',
        reason: expect.stringMatching(
          /^internal: the transport module answered with something that is no reply/,
        ),
      });
    },
  );

  test.each([
    undefined,
    {},
    { outcome: { kind: 'delivered', body: 'text' } },
    { outcome: { kind: 'done', reason: '' } },
    { outcome: { kind: 'retry' } },
    { outcome: { kind: 'retry', reason: 'x' }, batch: { lines: 1 } },
  ])('a call that answers %j is a retry', async (nonsense) => {
    await using talk = await start({ call: () => nonsense as never });
    expect((await talk.log(['{}'])).outcome).toMatchObject({
      kind: 'retry',
      reason: expect.stringMatching(/^internal: the transport module answered a call with something/),
    });
  });

  test('an answer larger than any that a server may give is refused', async () => {
    await using talk = await start({ send: () => answer(200, Buffer.alloc(9 * 1024 * 1024)) });
    expect((await talk.config()).outcome).toMatchObject({
      reason: expect.stringMatching(/^reply_too_large: the answer of the transport module/),
    });
  });
});

test('a call that never answers is over when its attempts would be; one that is cancelled, at once', async () => {
  await using talk = await start({ call: () => new Promise(() => {}) }, () => ok, { configAttempts: 3 });
  const reply = talk.config();
  await talk.clock.sleeping(55_000);
  const stop = new AbortController();
  const cancelled = talk.config(stop.signal);
  stop.abort(new Error('shutting down'));
  await expect(cancelled).rejects.toThrow('shutting down');
  await talk.clock.advance(55_000);
  expect((await reply).outcome).toEqual({
    kind: 'retry',
    reason: 'deadline: the transport module has not answered within 55 s',
  });
});

test('who sends by other means needs no host name', async () => {
  await using talk = await start({ send: () => answer(200, { schedule: {} }) }, () => ok, { hostname: '' });
  expect((await talk.config()).outcome.kind).toBe('delivered');
});

describe('the line hook', () => {
  test('drops, changes and holds back; numbers stay those of the lines that are sent', async () => {
    await using talk = await start({
      line(line, stream) {
        const { n } = line.json();
        if (n === 2) return null;
        if (n === 3) throw new Error('a-made-up-secret is in the way');
        if (n === 4) return { ...line.json(), stream };
        return line;
      },
    });
    const lines = [1, 2, 3, 4, 5].map((n) => `{"n":${n}}`);
    expect(await talk.log(lines)).toMatchObject({
      outcome: { kind: 'delivered' },
      batch: {
        lines: 3,
        dropped: 1,
        next: { record: 6, row: 0 },
        unfit: [{ record: 3, row: 0, reason: 'the line hook failed: <hidden> is in the way' }],
      },
    });
    const [seen] = talk.server.seen;
    expect(JSON.parse(String(seen?.body)).data).toEqual([{ n: 1 }, { n: 4, stream: 'result' }, { n: 5 }]);
    expect(seen?.headers['x-osquery-remote-lines']).toBe('1,4-5');
  });

  test('when nothing is left, nothing is sent, and all is done', async () => {
    await using talk = await start({ line: () => null });
    expect(await talk.log(['{"n":1}', '{"n":2}'])).toMatchObject({
      outcome: { kind: 'delivered' },
      attempts: 0,
      batch: { lines: 0, dropped: 2, next: { record: 3, row: 0 } },
    });
    expect(talk.server.seen).toEqual([]);
  });

  test('the limit of a line holds for what the hook made of it', async () => {
    const module: TransportModule = { line: (line) => ({ ...line.json(), more: 'x'.repeat(100) }) };
    await using talk = await start(module, () => ok, { maxLineBytes: 50 });
    expect(await talk.log(['{"n":1}'])).toMatchObject({
      batch: { lines: 0, unfit: [{ reason: 'longer than logger_tls_max_linesize: 117 bytes' }] },
    });
  });
});

describe('the secret hook', () => {
  const enroll = { endpoint: 'enroll', hostIdentifier: 'h', platformType: '9', hostDetails: {} } as const;

  test('is asked at every use, and what it gives is in no text', async () => {
    let asked = 0;
    await using talk = await start(
      { secret: async () => `from-the-keychain-${++asked}` },
      ({ body }) => ({ status: 400, body: JSON.stringify({ error: body.toString() }) }),
      { dump: true },
    );
    for (let i = 0; i < 2; i++) {
      const { outcome } = await talk.transport.request(enroll, talk.signal);
      expect(JSON.stringify(outcome)).toContain('hidden');
      expect(JSON.stringify(outcome) + talk.logged.join()).not.toContain('from-the-keychain');
    }
    expect(talk.server.seen.map(({ body }) => JSON.parse(body.toString()).enroll_secret)).toEqual([
      'from-the-keychain-1',
      'from-the-keychain-2',
    ]);
  });

  test('that fails, or gives no text, is a retry that says so', async () => {
    const outcomeOf = async (secret: () => string) => {
      await using talk = await start({ secret });
      return (await talk.transport.request(enroll, talk.signal)).outcome;
    };
    const locked = () => {
      throw new Error('the keychain is locked');
    };
    expect(await outcomeOf(locked)).toEqual({
      kind: 'retry',
      reason: 'settings: secret() of the transport module failed: the keychain is locked',
    });
    expect(await outcomeOf(() => 5 as never)).toEqual({
      kind: 'retry',
      reason: 'settings: secret() of the transport module gave number, not a string',
    });
  });

  test('that hangs is cut off by the deadline', async () => {
    await using talk = await start({ secret: () => new Promise<string>(() => {}) });
    const reply = talk.transport.request(enroll, talk.signal);
    await talk.clock.sleeping(16_000);
    await talk.clock.advance(16_000);
    expect((await reply).outcome).toEqual({ kind: 'retry', reason: 'deadline: no answer within 16 s' });
  });
});

describe('the place for the node key', () => {
  test('is asked and told by message', async () => {
    let stored: string | undefined;
    await using talk = await start({
      nodeKey: {
        load: () => stored,
        store: async (key) => {
          stored = key;
        },
      },
    });
    const { transport, signal } = talk;
    expect(await transport.nodeKey({ kind: 'load' }, signal)).toEqual({ kind: 'loaded', nodeKey: '' });
    expect(await transport.nodeKey({ kind: 'store', nodeKey: 'k1' }, signal)).toEqual({ kind: 'stored' });
    expect(await transport.nodeKey({ kind: 'load' }, signal)).toEqual({ kind: 'loaded', nodeKey: 'k1' });
  });

  test('is not there without the hook', async () => {
    await using talk = await start({});
    expect(await talk.transport.nodeKey({ kind: 'load' }, talk.signal)).toEqual({ kind: 'none' });
  });

  test('may fail, and never says the key', async () => {
    await using talk = await start({
      nodeKey: {
        load: () => 5 as never,
        store: (key) => {
          throw new Error(`no room for ${key}`);
        },
      },
    });
    const { transport, signal } = talk;
    expect(await transport.nodeKey({ kind: 'store', nodeKey: 'k-secret' }, signal)).toEqual({
      kind: 'failed',
      reason: 'nodeKey.store() of the transport module failed: no room for <hidden>',
    });
    expect(await transport.nodeKey({ kind: 'load' }, signal)).toEqual({
      kind: 'failed',
      reason: 'nodeKey.load() of the transport module failed: it gave number',
    });
  });

  test('may hang: 16 s for each question, one after the other', async () => {
    await using talk = await start({
      nodeKey: { load: () => new Promise<string>(() => {}), store: () => {} },
    });
    const { transport, signal, clock } = talk;
    const load = transport.nodeKey({ kind: 'load' }, signal);
    const store = transport.nodeKey({ kind: 'store', nodeKey: 'k' }, signal);
    await clock.sleeping(16_000);
    await clock.advance(16_000);
    const reason = 'nodeKey.load() of the transport module failed: no answer within 16 s';
    expect(await load).toEqual({ kind: 'failed', reason });
    expect(await store).toEqual({ kind: 'stored' });
  });
});

test('what was put into headers and into the query is in no text', async () => {
  await using talk = await start(
    {
      async attempt(request, next) {
        request.headers.set('Authorization', 'Bearer recognisable-token');
        request.url.searchParams.set('key', 'recognisable-query');
        await next(request);
        throw new Error('recognisable-token and recognisable-query did not help');
      },
    },
    () => ok,
    { dump: true },
  );
  const { outcome } = await talk.config();
  expect(outcome).toEqual({ kind: 'retry', reason: 'internal: <hidden> and <hidden> did not help' });
  expect(talk.logged.join()).not.toContain('recognisable');
});
