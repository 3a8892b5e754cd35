import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bench } from './bench.ts';
import type { Answer } from './script-server.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const ok: Answer = { status: 200, body: '{"a":1}' };
const down: Answer = { status: 500, body: '{"error":"away"}' };

test('a config is asked for three times, 1 s and 4 s apart', async () => {
  await using talk = await bench.start(() => (talk.server.seen.length < 3 ? down : ok));
  const reply = talk.config();
  await talk.clock.sleeping(1_000);
  expect(talk.server.seen.length).toBe(1);
  await talk.clock.advance(1_000);
  await talk.clock.sleeping(4_000);
  expect(talk.server.seen.length).toBe(2);
  await talk.clock.advance(4_000);
  expect(await reply).toMatchObject({ attempts: 3, outcome: { kind: 'delivered' } });
  expect(talk.clock.pending()).toEqual([]);
});

test('after three strikes the last answer counts', async () => {
  await using talk = await bench.start(() => down);
  const reply = talk.config();
  await talk.clock.sleeping(1_000);
  await talk.clock.advance(1_000);
  await talk.clock.sleeping(4_000);
  await talk.clock.advance(4_000);
  expect(await reply).toEqual({ attempts: 3, outcome: { kind: 'retry', reason: 'HTTP 500: away' } });
});

test('distributed calls have strikes of their own', async () => {
  await using talk = await bench.start(() => down, { change: { distributedAttempts: 2, configAttempts: 1 } });
  const { transport, signal, clock } = talk;
  const nodeKey = 'a-node-key';
  const read = transport.request({ endpoint: 'distributed_read', nodeKey }, signal);
  await clock.sleeping(1_000);
  await clock.advance(1_000);
  expect((await read).attempts).toBe(2);
  const results = Buffer.from('{"queries":{}}');
  const write = transport.request({ endpoint: 'distributed_write', nodeKey, results }, signal);
  await clock.sleeping(1_000);
  await clock.advance(1_000);
  expect((await write).attempts).toBe(2);
  expect((await talk.config()).attempts).toBe(1);
});

test.each([
  ['node_invalid', { status: 200, body: '{"node_invalid":true}' }],
  ['refused', { status: 403, body: '' }],
  ['rejected', { status: 400, body: '' }],
] as const)('%s ends the attempts at once', async (kind, answer) => {
  await using talk = await bench.start(() => answer);
  expect(await talk.config()).toMatchObject({ attempts: 1, outcome: { kind } });
});

test('a log and an enrollment have one attempt: who asks backs off', async () => {
  await using talk = await bench.start(() => down);
  expect((await talk.log(['{}'])).attempts).toBe(1);
  const enroll = { endpoint: 'enroll', hostIdentifier: 'h', platformType: '9', hostDetails: {} } as const;
  expect((await talk.transport.request(enroll, talk.signal)).attempts).toBe(1);
});

test('a server that asks for a longer rest is left alone', async () => {
  await using talk = await bench.start(() => ({ status: 429, headers: { 'retry-after': '60' } }));
  expect(await talk.config()).toMatchObject({ attempts: 1, outcome: { kind: 'retry', afterMs: 60_000 } });
});

test('an attempt without an answer ends after 16 s, and the next one follows', async () => {
  await using talk = await bench.start(() => (talk.server.seen.length === 1 ? 'hang' : ok));
  const reply = talk.config();
  await talk.server.requests(1);
  await talk.clock.advance(16_000);
  await talk.clock.sleeping(1_000);
  await talk.clock.advance(1_000);
  expect(await reply).toMatchObject({ attempts: 2, outcome: { kind: 'delivered' } });
});

test('an answer that stops in the middle is given up after 10 s', async () => {
  await using talk = await bench.start(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{');
    return 'hang';
  });
  const reply = talk.log(['{}']);
  await talk.server.requests(1);
  // It looks every 5 s, and the byte may come before the first look or with it.
  await talk.clock.sleeping(5_000);
  await talk.clock.advance(15_000);
  expect((await reply).outcome).toEqual({
    kind: 'retry',
    reason: 'deadline: the answer stopped in the middle for 10 s',
  });
});

test('a call that is cancelled rejects at once, and its connection is closed', async () => {
  await using talk = await bench.start(() => 'hang');
  const stop = new AbortController();
  const reply = talk.config(stop.signal);
  await talk.server.requests(1);
  const closed = new Promise((resolve) => talk.server.seen[0]?.socket.once('close', resolve));
  stop.abort(new Error('shutting down'));
  await expect(reply).rejects.toThrow('shutting down');
  await closed;
  await talk.clock.advance(0);
  expect(talk.clock.pending()).toEqual([]);
});

test('a call that is cancelled between two attempts makes no other', async () => {
  await using talk = await bench.start(() => down);
  const stop = new AbortController();
  const reply = talk.config(stop.signal);
  await talk.clock.sleeping(1_000);
  stop.abort(new Error('shutting down'));
  await expect(reply).rejects.toThrow('shutting down');
  await talk.clock.advance(60_000);
  await talk.log(['{}']);
  expect(talk.server.seen.map(({ url }) => url)).toEqual(['/config', '/log']);
});

test('new settings count from the next attempt on, also for a call that is under way', async () => {
  await using talk = await bench.start(({ url }) => (url === '/moved' ? ok : down));
  const reply = talk.config();
  await talk.clock.sleeping(1_000);
  const endpoints = { ...talk.settings.endpoints, config: '/moved' };
  talk.transport.update({ ...talk.settings, endpoints });
  await talk.clock.advance(1_000);
  expect(await reply).toMatchObject({ attempts: 2, outcome: { kind: 'delivered' } });
});

test('closing answers what is under way, and leaves no timer behind', async () => {
  await using talk = await bench.start(() => 'hang');
  const reply = talk.log(['{}']);
  await talk.server.requests(1);
  await talk.transport.close();
  expect((await reply).outcome).toEqual({ kind: 'retry', reason: 'worker: the transport is closed' });
  expect(talk.clock.pending()).toEqual([]);
  expect((await talk.config()).outcome).toMatchObject({ kind: 'retry' });
  expect(talk.clock.pending()).toEqual([]);
});

const answers: Record<string, Answer> = {
  reset: 'reset',
  'HTTP 500': down,
  delivered: { status: 200, body: '{}' },
};

test.each(Object.keys(answers))('nothing of a request is kept after it: %s', async (name) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await using talk = await bench.start(() => answers[name] ?? down);
  const line = JSON.stringify('x'.repeat(900_000));
  const calls = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i++) {
      await talk.log([line]);
      talk.server.seen.length = 0;
    }
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    return process.memoryUsage().arrayBuffers;
  };
  const before = await calls(5);
  expect((await calls(40)) - before).toBeLessThan(10_000_000);
});
