import { describe, expect, test } from 'vitest';
import { type LoggerPlugin, loggerPlugin, parseStatusLines } from './logger-plugin.ts';

const ok = { code: 0, message: 'OK', rows: [] };

function request(values: Record<string, string | Buffer>): Map<string, Buffer> {
  return new Map(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));
}

function recorder() {
  const calls: [string, string][] = [];
  const note = (what: string) => (bytes: Buffer | string) => void calls.push([what, String(bytes)]);
  return { calls, note };
}

describe('features are the bits of the status code', () => {
  const bare: LoggerPlugin = { name: 'l', string: () => {} };
  test.each<[number, Partial<LoggerPlugin>]>([
    [0, {}],
    [0, { snapshot() {}, init() {} }],
    [1, { status() {} }],
    [2, { event() {} }],
    [3, { status() {}, event() {} }],
  ])('%i', async (code, methods) => {
    const plugin = loggerPlugin({ ...bare, ...methods });
    expect(await plugin.call(request({ action: 'features' }))).toEqual({ code, message: 'OK', rows: [] });
  });
});

test('each kind of call reaches its method, whatever else is in the request', async () => {
  const { calls, note } = recorder();
  const plugin = loggerPlugin({
    name: 'l',
    string: note('string'),
    snapshot: note('snapshot'),
    status: note('status'),
    event: note('event'),
    init: note('init'),
  });
  for (const values of [
    { init: 'osqueryd' },
    { category: 'event', string: 'line' },
    { snapshot: 'rows', later: 'addition' },
    { log: '[]', status: 'true' },
    { event: '{"eid":"1"}' },
  ]) {
    expect(await plugin.call(request(values))).toEqual(ok);
  }

  expect(calls).toEqual([
    ['init', 'osqueryd'],
    ['string', 'line'],
    ['snapshot', 'rows'],
    ['status', '[]'],
    ['event', '{"eid":"1"}'],
  ]);
});

test('without a method of their own snapshots are lines, and the rest is accepted and dropped', async () => {
  const { calls, note } = recorder();
  const plugin = loggerPlugin({ name: 'l', string: note('string') });
  for (const values of [
    { snapshot: 'rows' },
    { init: 'osqueryd' },
    { log: '[]', status: 'true' },
    { event: '{}' },
  ])
    expect(await plugin.call(request(values))).toEqual(ok);

  expect(calls).toEqual([['string', 'rows']]);
});

test('a line comes as its bytes, also when they are not UTF-8', async () => {
  const lines: Buffer[] = [];
  const plugin = loggerPlugin({ name: 'l', string: (line) => void lines.push(line) });
  await plugin.call(request({ snapshot: Buffer.of(0x22, 0xff, 0x00, 0x22) }));

  expect(lines).toEqual([Buffer.of(0x22, 0xff, 0x00, 0x22)]);
});

test('a batch, as another extension may send it through osqueryd, is its lines', async () => {
  const lines: Buffer[] = [];
  const plugin = loggerPlugin({ name: 'l', string: (line) => void lines.push(line) });
  const batch = Buffer.concat([Buffer.from('["{\\"a\\":1}","'), Buffer.of(0xff), Buffer.from('"]')]);
  expect(await plugin.call(request({ string_batch: batch }))).toEqual(ok);

  expect(lines).toEqual([Buffer.from('{"a":1}'), Buffer.of(0xff)]);
  expect(() => plugin.call(request({ string_batch: '{}' }))).toThrow('string_batch is no array');
});

test('a call is answered when the method has finished, and not before', async () => {
  let finish = () => {};
  const plugin = loggerPlugin({
    name: 'l',
    string: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  });
  let answered = false;
  const answer = Promise.resolve(plugin.call(request({ string: 'line' }))).then((reply) => {
    answered = true;
    return reply;
  });
  await Promise.resolve();
  expect(answered).toBe(false);
  finish();

  expect(await answer).toEqual(ok);
});

test.each<[string, unknown]>([
  ['a number', 5],
  ['false', false],
  ['an object that looks like a failure', { code: 1, message: 'x', rows: [] }],
  ['a promise of a number', Promise.resolve(1)],
  [
    'a promise of another kind',
    Object.fromEntries([['then', (resolve: (value: number) => void) => resolve(1)]]),
  ],
])('%s as what a method returns is success: osqueryd would end otherwise', async (_, value) => {
  const plugin = loggerPlugin({ name: 'l', string: () => value as undefined });
  expect(await plugin.call(request({ string: 'line' }))).toEqual(ok);
});

test('what a method throws is thrown on', async () => {
  const plugin = loggerPlugin({
    name: 'l',
    string() {
      throw new Error('no room');
    },
    snapshot: () => Promise.reject(new Error('still no room')),
  });
  expect(() => plugin.call(request({ string: 'line' }))).toThrow('no room');
  await expect(plugin.call(request({ snapshot: 'rows' }))).rejects.toThrow('still no room');
});

test('a request that says nothing is a failure', async () => {
  const plugin = loggerPlugin({ name: 'l', string: () => {} });
  expect(await plugin.call(request({ category: 'event' }))).toMatchObject({ code: 1 });
  expect(await plugin.call(request({ action: 'dance' }))).toMatchObject({ code: 1 });
});

test('status lines are read from the array that osqueryd writes', () => {
  const line = {
    s: 1,
    f: 'init.cpp',
    i: 760,
    m: 'Error reading config',
    h: 'node',
    c: 'Sat Nov 21 00:43:58 2026 UTC',
    u: 1795221838,
  };
  expect(parseStatusLines(Buffer.from(JSON.stringify([line])))).toEqual([
    {
      severity: 1,
      filename: 'init.cpp',
      line: 760,
      message: 'Error reading config',
      hostIdentifier: 'node',
      calendarTime: 'Sat Nov 21 00:43:58 2026 UTC',
      unixTime: 1795221838,
    },
  ]);
});
