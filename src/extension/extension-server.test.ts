import { existsSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import {
  Extension_call_args,
  Extension_call_result,
  Extension_ping_args,
  Extension_ping_result,
  Extension_shutdown_args,
} from '#thrift';
import { type ExtensionHandlers, ExtensionServer } from './extension-server.ts';
import { ok, type PluginReply } from './plugin.ts';
import { RawSocket, socketPath } from './test-support/raw-socket.ts';
import {
  ApplicationException,
  decodeMessage,
  encodeMessage,
  MessageScanner,
  type MessageType,
  type ThriftStruct,
} from './wire/index.ts';

const closers: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(call: ExtensionHandlers['call'] = () => ok, shutdown = () => {}) {
  const path = socketPath();
  const server = new ExtensionServer({ call, shutdown });
  await server.listen(path, 7);
  closers.push(() => server.close());
  return { path, server };
}

async function connection(path: string): Promise<RawSocket> {
  const raw = await RawSocket.open(path);
  closers.push(() => raw.close());
  return raw;
}

function call(key: string, value: Uint8Array = Buffer.alloc(0), seqid = 0): Buffer {
  const args = new Extension_call_args({
    registry: 'logger',
    item: 'l',
    request: new Map([[key, Buffer.from(value)]]),
  });
  return encodeMessage({ name: 'call', type: 'call', seqid }, args);
}

function ping(type: MessageType = 'call', seqid = 0): Buffer {
  return encodeMessage({ name: 'ping', type, seqid }, new Extension_ping_args());
}

/** Splits what came into messages and gives their kind and what is in them. */
function answers(bytes: Buffer): unknown[] {
  const scanner = new MessageScanner();
  scanner.push(bytes);
  const found: unknown[] = [];
  for (let message = scanner.take(); message; message = scanner.take()) {
    const { name, type, seqid, strict, body } = decodeMessage(message);
    expect(strict).toBe(true);
    const read = <S extends ThriftStruct>(struct: S): S => {
      struct.read(body);
      return struct;
    };
    if (type === 'exception') {
      const { message: text, kind } = read(new ApplicationException());
      found.push({ exception: text, kind, seqid });
    } else if (name === 'ping') {
      found.push({ pong: read(new Extension_ping_result()).success?.uuid, seqid });
    } else if (name === 'call') {
      const { success } = read(new Extension_call_result());
      found.push({ code: success?.status?.code, message: success?.status?.message, seqid });
    } else found.push({ [name]: seqid });
  }
  expect(scanner.pending).toBe(false);
  return found;
}

/** Half-closes, and reads all that the server answers. */
async function exchange(path: string, bytes: Uint8Array): Promise<unknown[]> {
  const raw = await connection(path);
  raw.socket.end(bytes);
  return answers(await raw.readToEnd());
}

test('calls of one connection are answered in order, also when the first takes longest', async () => {
  let release: (reply: PluginReply) => void = () => {};
  const slow = new Promise<PluginReply>((resolve) => {
    release = resolve;
  });
  const seen: string[] = [];
  const { path } = await serve((_registry, _item, request) => {
    const [key = ''] = request.keys();
    seen.push(key);
    if (key === 'third') release({ code: 0, message: 'slow', rows: [] });
    return key === 'first' ? slow : { code: 0, message: key, rows: [] };
  });

  expect(
    await exchange(path, Buffer.concat([call('first'), call('second', undefined, 2), ping(), call('third')])),
  ).toEqual([
    { code: 0, message: 'slow', seqid: 0 },
    { code: 0, message: 'second', seqid: 2 },
    { pong: 7, seqid: 0 },
    { code: 0, message: 'third', seqid: 0 },
  ]);
  expect(seen).toEqual(['first', 'second', 'third']);
});

test('a call that comes byte by byte is answered like any other', async () => {
  const { path } = await serve((registry, item, request) => ({
    code: 0,
    message: `${registry}/${item}/${request.get('string')}`,
    rows: [],
  }));
  const raw = await connection(path);
  raw.socket.setNoDelay();
  for (const byte of call('string', Buffer.from('line'))) {
    await new Promise((written) => raw.socket.write(Buffer.of(byte), written));
  }
  raw.socket.end();

  expect(answers(await raw.readToEnd())).toEqual([{ code: 0, message: 'logger/l/line', seqid: 0 }]);
});

test('a call without a version in its header is answered in the strict form', async () => {
  const { path } = await serve();
  const strict = ping();
  const body = strict.subarray(4 + 4 + 4 + 4);
  const header = Buffer.from('0000000470696e670100000009', 'hex');

  expect(await exchange(path, Buffer.concat([header, body]))).toEqual([{ pong: 7, seqid: 9 }]);
});

test('a one-way message is answered, as osqueryd itself does', async () => {
  const { path } = await serve();
  expect(await exchange(path, ping('oneway', 3))).toEqual([{ pong: 7, seqid: 3 }]);
});

test('an unknown method gets an exception, and the connection goes on', async () => {
  const { path } = await serve();
  const unknown = encodeMessage({ name: 'frobnicate', type: 'call', seqid: 5 }, new Extension_ping_args());

  expect(await exchange(path, Buffer.concat([unknown, ping()]))).toEqual([
    { exception: "Invalid method name: 'frobnicate'", kind: 1, seqid: 5 },
    { pong: 7, seqid: 0 },
  ]);
});

test.each([
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['another version', Buffer.from('8002000100000004', 'hex')],
  ['a reply where a call belongs', ping('reply')],
  ['a name of negative length', Buffer.from('8001000100000004', 'hex').fill(0xff, 4)],
])('%s ends the connection without an answer, and only that one', async (_, garbage) => {
  const { path } = await serve();
  const other = await connection(path);
  const raw = await connection(path);
  raw.write(garbage);

  expect(await raw.readToEnd()).toEqual(Buffer.alloc(0));
  other.write(ping());
  expect((await other.read(1)).length).toBe(1);
});

test('what was called before the garbage still gets its answer', async () => {
  let release: (reply: PluginReply) => void = () => {};
  const slow = new Promise<PluginReply>((resolve) => {
    release = resolve;
  });
  const { path } = await serve(() => slow);
  const raw = await connection(path);
  raw.write(Buffer.concat([call('string'), Buffer.from('GET /')]));
  const other = await exchange(path, ping());
  expect(other).toHaveLength(1);
  release({ code: 0, message: 'late', rows: [] });

  expect(answers(await raw.readToEnd())).toEqual([{ code: 0, message: 'late', seqid: 0 }]);
});

test('a request of more than 100 MiB arrives whole', async () => {
  const size = 101 * 2 ** 20;
  const { path } = await serve((_registry, _item, request) => ({
    code: 0,
    message: String(request.get('results')?.length),
    rows: [],
  }));

  expect(await exchange(path, call('results', Buffer.alloc(size, 'r')))).toEqual([
    { code: 0, message: String(size), seqid: 0 },
  ]);
});

test('a large answer reaches a peer that has closed its half of the connection', async () => {
  const value = Buffer.alloc(20 * 2 ** 20, 'v');
  const { path } = await serve(() => ({ code: 0, message: '', rows: [new Map([['v', value]])] }));
  const raw = await connection(path);
  raw.socket.end(call('string'));
  const bytes = await raw.readToEnd();
  const result = new Extension_call_result();
  result.read(decodeMessage(bytes).body);

  expect(Buffer.compare(result.success?.response?.[0]?.get('v') ?? Buffer.alloc(0), value)).toBe(0);
});

test('20 connections at a time are all answered', async () => {
  const { path } = await serve();
  const all = await Promise.all(Array.from({ length: 20 }, () => connection(path)));
  for (const raw of all) raw.socket.end(ping());

  for (const raw of all) expect(answers(await raw.readToEnd())).toEqual([{ pong: 7, seqid: 0 }]);
});

test.each([
  ['throws', () => Promise.reject(new Error('no room'))],
  [
    'throws at once',
    () => {
      throw new Error('no room');
    },
  ],
])('a plugin that %s is a status with its message', async (_, plugin) => {
  const { path } = await serve(plugin);
  expect(await exchange(path, call('string'))).toEqual([{ code: 1, message: 'no room', seqid: 0 }]);
});

test('an answer that is none is a status that says so', async () => {
  const { path } = await serve(() => JSON.parse('{"code":0,"message":"OK","rows":5}') as PluginReply);
  const [answer] = await exchange(path, call('string'));
  expect(answer).toMatchObject({ code: 1, message: expect.stringContaining('the answer cannot be written') });
});

test('shutdown is answered before anything is shut down', async () => {
  const { path, server } = await serve(undefined, () => void server.close());
  const raw = await connection(path);
  raw.write(encodeMessage({ name: 'shutdown', type: 'call', seqid: 4 }, new Extension_shutdown_args()));

  expect(answers(await raw.readToEnd())).toEqual([{ shutdown: 4 }]);
});

test('under a new id it listens at a new path, and a call under way still gets its answer', async () => {
  let release: (reply: PluginReply) => void = () => {};
  const slow = new Promise<PluginReply>((resolve) => {
    release = resolve;
  });
  const { path, server } = await serve(() => slow);
  const raw = await connection(path);
  raw.socket.write(call('string'));
  await exchange(path, ping());
  await server.listen(`${path}2`, 8);

  expect(existsSync(path)).toBe(false);
  expect(await exchange(`${path}2`, ping())).toEqual([{ pong: 8, seqid: 0 }]);
  raw.socket.end();
  release(ok);
  expect(answers(await raw.readToEnd())).toEqual([{ code: 0, message: 'OK', seqid: 0 }]);
});

test('what lies at its path is replaced, also a socket of its own', async () => {
  const { path, server } = await serve();
  await server.listen(path, 9);
  expect(await exchange(path, ping())).toEqual([{ pong: 9, seqid: 0 }]);

  writeFileSync(`${path}2`, 'left behind');
  await server.listen(`${path}2`, 10);
  expect(await exchange(`${path}2`, ping())).toEqual([{ pong: 10, seqid: 0 }]);
});

test('closing ends all connections, and takes the socket file away', async () => {
  const { path, server } = await serve();
  const before = await connection(path);
  await exchange(path, ping());
  await server.listen(`${path}2`, 8);
  const after = await connection(`${path}2`);
  await exchange(`${path}2`, ping());
  await server.close();

  expect(await before.readToEnd()).toEqual(Buffer.alloc(0));
  expect(await after.readToEnd()).toEqual(Buffer.alloc(0));
  expect(existsSync(`${path}2`)).toBe(false);
});

test('a directory that cannot be written is said in one line', async () => {
  const server = new ExtensionServer({ call: () => ok, shutdown: () => {} });
  await expect(server.listen('/nowhere/at/all/s.7', 7)).rejects.toThrow(
    'socket: cannot listen at /nowhere/at/all/s.7: no permission to create it; run as the user of osqueryd (usually root), who may write in /nowhere/at/all',
  );
  await server.close();
});
