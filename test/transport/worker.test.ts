import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inWorker, type SpawnTransport } from '../../src/plugins/transport/index.ts';
import { Bench } from './bench.ts';
import type { Answer } from './script-server.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const ok: Answer = { status: 200, body: '{"a":1}' };
const naughty = inWorker({ module: fileURLToPath(new URL('./modules/naughty.ts', import.meta.url)) });

/** Starts what `spawn` starts, and keeps the count. */
function counted(spawn: SpawnTransport): { spawn: SpawnTransport; starts: number } {
  const counter = {
    starts: 0,
    spawn: () => {
      counter.starts++;
      return spawn();
    },
  };
  return counter;
}

describe('a transport thread that ends in the middle of a call', () => {
  test.each([
    ['exit', /exit code 3/],
    ['throw-later', /out of the blue/],
    // Whichever limit is met first.
    [
      'leak',
      /Worker terminated due to reaching memory limit: JS heap out of memory|the process has grown by \d+ MB/,
    ],
  ])('%s: pending calls get a retry, and the next call finds a new thread', async (nodeKey, why) => {
    const counter = counted(naughty);
    await using talk = await bench.start(({ url }) => (url === '/log' ? 'hang' : ok), counter);
    const { transport, signal } = talk;
    const bystander = talk.log(['{}']);
    await talk.server.requests(1);
    const victim = transport.request({ endpoint: 'distributed_read', nodeKey }, signal);
    const lost = { kind: 'retry', reason: expect.stringMatching(/^worker: the transport thread ended/) };
    expect((await victim).outcome).toMatchObject({ ...lost, reason: expect.stringMatching(why) });
    expect((await bystander).outcome).toEqual(lost);
    expect((await talk.config()).outcome.kind).toBe('delivered');
    expect(counter.starts).toBe(2);
    expect(talk.logged).toEqual([expect.stringMatching(why)]);
    expect(talk.logged[0]).toMatch(/^warning the transport thread ended \(.*\); it starts again in 0 s$/);
  });
});

describe('a transport thread that hangs', () => {
  test('it is ended when a call takes longer than it can', async () => {
    const nodeKey = 'spin';
    const counter = counted(naughty);
    await using talk = await bench.start(() => ok, counter);
    const { transport, signal, clock } = talk;
    expect((await talk.config()).outcome.kind).toBe('delivered');
    const change = { configAttempts: 1 };
    transport.update({ ...talk.settings, ...change });
    const victim = transport.request({ endpoint: 'config', nodeKey }, signal);
    await clock.sleeping(21_000);
    await clock.advance(21_000);
    expect((await victim).outcome).toEqual({
      kind: 'retry',
      reason: 'worker: the transport thread ended (no answer to config within 21 s)',
    });
    expect((await talk.config()).outcome.kind).toBe('delivered');
    expect(counter.starts).toBe(2);
  });

  test('user code that never answers is cut off by the deadline of the attempt, and the thread lives', async () => {
    const counter = counted(naughty);
    await using talk = await bench.start(() => ok, { ...counter, change: { configAttempts: 1 } });
    const victim = talk.transport.request({ endpoint: 'config', nodeKey: 'hang' }, talk.signal);
    await talk.clock.sleeping(16_000);
    await talk.clock.advance(16_000);
    expect((await victim).outcome).toEqual({ kind: 'retry', reason: 'deadline: no answer within 16 s' });
    expect((await talk.config()).outcome.kind).toBe('delivered');
    expect(counter.starts).toBe(1);
  });

  test('closing does not wait for it', async () => {
    const talk = await bench.start(() => ok, { spawn: naughty });
    await talk.config();
    const victim = talk.transport.request({ endpoint: 'config', nodeKey: 'spin' }, talk.signal);
    await talk.transport.close();
    expect((await victim).outcome).toEqual({ kind: 'retry', reason: 'worker: the transport is closed' });
    await talk.server.close();
  });
});

test('user code that throws ends the attempt and nothing else', async () => {
  const counter = counted(naughty);
  await using talk = await bench.start(() => ok, {
    ...counter,
    change: { configAttempts: 1, secretAlways: true },
  });
  const { transport, signal } = talk;
  expect((await transport.request({ endpoint: 'config', nodeKey: 'reject' }, signal)).outcome).toEqual({
    kind: 'retry',
    reason: 'internal: the middleware does not like <hidden>',
  });
  expect((await transport.request({ endpoint: 'config', nodeKey: 'reject-call' }, signal)).outcome).toEqual({
    kind: 'retry',
    reason: 'internal: it does not like <hidden> nor <hidden>',
  });
  expect(
    (await transport.request({ endpoint: 'config', nodeKey: 'reject-nothing' }, signal)).outcome,
  ).toEqual({
    kind: 'retry',
    reason: 'internal: undefined',
  });
  expect((await talk.config()).outcome.kind).toBe('delivered');
  expect(talk.logged).toEqual([]);
});

test('a thread that ends again and again is started with longer and longer rests', async () => {
  const counter = counted(naughty);
  await using talk = await bench.start(() => ok, counter);
  const { transport, signal, clock } = talk;
  const crash = () => transport.request({ endpoint: 'config', nodeKey: 'exit' }, signal);
  await crash();
  expect(counter.starts).toBe(2);
  await crash();
  expect(counter.starts).toBe(2);
  // Meanwhile a call is answered at once, with the time at which to come again.
  expect(await talk.config()).toEqual({
    attempts: 0,
    outcome: { kind: 'retry', reason: 'worker: the transport thread starts again soon', afterMs: 500 },
  });
  await clock.advance(500);
  expect(counter.starts).toBe(3);
  await crash();
  await clock.advance(999);
  expect(counter.starts).toBe(3);
  await clock.advance(1);
  expect(counter.starts).toBe(4);
  expect((await talk.config()).outcome.kind).toBe('delivered');
  await crash();
  expect(counter.starts).toBe(5);
});

test('settings that changed while the thread was away count in the new one', async () => {
  await using talk = await bench.start(({ url }) => (url === '/moved' ? ok : { status: 403 }), {
    spawn: naughty,
  });
  const { transport, signal, clock } = talk;
  const crash = () => transport.request({ endpoint: 'distributed_read', nodeKey: 'exit' }, signal);
  await crash();
  await crash();
  transport.update({ ...talk.settings, endpoints: { ...talk.settings.endpoints, config: '/moved' } });
  await clock.advance(500);
  expect((await talk.config()).outcome.kind).toBe('delivered');
});

test('a thread that does not even load is a retry, not an error', async () => {
  const spawn = inWorker({ entry: new URL('./no-such-worker.ts', import.meta.url) });
  await using talk = await bench.start(() => ok, { spawn });
  expect((await talk.log(['{}'])).outcome).toMatchObject({ kind: 'retry', reason: /^worker: / });
});

test('the bytes of a batch stay with the caller', async () => {
  await using talk = await bench.start(() => ok, { spawn: inWorker() });
  const shared = Buffer.from('{"a":1}{"b":2}');
  const records = [shared.subarray(0, 7), shared.subarray(7)].map((bytes, i) => ({
    number: i + 1,
    kind: 'line' as const,
    bytes,
    acceptedAt: 0,
  }));
  const limits = { firstRow: 0, maxLines: 10, maxBytes: 1_000 };
  const batch = { stream: 'result' as const, writer: 'w', records, ...limits };
  const { outcome } = await talk.transport.request({ endpoint: 'log', nodeKey: 'k', batch }, talk.signal);
  expect(outcome.kind).toBe('delivered');
  expect(shared.toString()).toBe('{"a":1}{"b":2}');
  expect(talk.server.seen[0]?.body.toString()).toBe(
    '{"data":[{"a":1},{"b":2}],"log_type":"result","node_key":"k"}',
  );
});
