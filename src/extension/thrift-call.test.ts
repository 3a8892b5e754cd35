import { writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  Extension_call_args,
  Extension_call_result,
  Extension_ping_args,
  ExtensionResponse,
  ExtensionStatus,
} from '#thrift';
import { VirtualClock } from '../testing/index.ts';
import { ExtensionError } from './errors.ts';
import { readMap, readResponse } from './rows.ts';
import { listen, type RawSocket, socketPath } from './test-support/raw-socket.ts';
import { thriftCall } from './thrift-call.ts';
import { ApplicationException, encodeMessage } from './wire/index.ts';

const servers: Server[] = [];
const connections: RawSocket[] = [];

afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
  for (const server of servers.splice(0)) server.close();
});

const args = new Extension_call_args({ registry: 'config', item: '', request: new Map() });
const request = encodeMessage({ name: 'call', type: 'call', seqid: 0 }, args);

function reply(value: Uint8Array, name = 'call'): Buffer {
  const status = new ExtensionStatus({ code: 0, message: 'OK', uuid: 0 });
  const success = new ExtensionResponse({ status, response: [new Map([['v', value]])] });
  return encodeMessage({ name, type: 'reply', seqid: 0 }, new Extension_call_result({ success }));
}

/** A manager that reads one call on each connection and then does what the test says. */
async function manager(answer: (connection: RawSocket, nth: number) => void): Promise<string> {
  const path = socketPath();
  let nth = 0;
  const server = await listen(path, async (connection) => {
    connections.push(connection);
    expect(await connection.read(request.length)).toEqual(request);
    answer(connection, nth++);
  });
  servers.push(server);
  return path;
}

async function call(path: string, clock = new VirtualClock(), signal?: AbortSignal) {
  const { rows } = await thriftCall({
    path,
    method: 'call',
    args,
    read: (body) => readResponse(body, readMap),
    clock,
    timeoutMs: 5000,
    signal,
  });
  return rows[0]?.get('v');
}

test('an answer that comes byte by byte', async () => {
  const path = await manager(async ({ socket }) => {
    socket.setNoDelay();
    for (const byte of reply(Buffer.from('value'))) {
      await new Promise((written) => socket.write(Buffer.of(byte), written));
    }
  });

  expect(String(await call(path))).toBe('value');
});

test('an answer of more than 100 MiB', async () => {
  const value = Buffer.alloc(101 * 2 ** 20, 'x');
  const path = await manager((connection) => connection.write(reply(value)));

  expect((await call(path))?.length).toBe(value.length);
});

test('a time-out is the end of its own connection alone', async () => {
  const clock = new VirtualClock();
  const ended: Promise<Buffer>[] = [];
  const path = await manager((connection, nth) => {
    if (nth === 0) ended.push(connection.readToEnd());
    else connection.write(reply(Buffer.from(String(nth))));
  });
  const hanging = call(path, clock);
  const other = call(path, clock);
  expect(String(await other)).toBe('1');
  const failed = expect(hanging).rejects.toThrow(
    new ExtensionError('timeout', `${path}: no answer to call within 5 s`),
  );
  await clock.advance(5000);
  await failed;

  expect(await ended[0]).toEqual(Buffer.alloc(0));
  expect(String(await call(path, clock))).toBe('2');
  expect(clock.pending()).toEqual([]);
});

test('a call that is given up ends its connection, and rejects with the reason', async () => {
  const abort = new AbortController();
  let ended: Promise<Buffer> | undefined;
  const path = await manager((connection) => {
    ended = connection.readToEnd();
    abort.abort('no more');
  });

  await expect(call(path, undefined, abort.signal)).rejects.toBe('no more');
  expect(await ended).toEqual(Buffer.alloc(0));
  await expect(call(path, undefined, abort.signal)).rejects.toBe('no more');
});

test.each<[string, (connection: RawSocket) => void, string]>([
  [
    'an exception',
    (connection) =>
      connection.write(
        encodeMessage(
          { name: 'call', type: 'exception', seqid: 0 },
          new ApplicationException('Unknown registry requested: x', 0),
        ),
      ),
    'refused: call: Unknown registry requested: x',
  ],
  [
    'an answer to another method',
    (connection) => connection.write(reply(Buffer.alloc(0), 'query')),
    'protocol: call: osqueryd answered with a reply of query',
  ],
  [
    'a call instead of an answer',
    (connection) =>
      connection.write(encodeMessage({ name: 'ping', type: 'call', seqid: 0 }, new Extension_ping_args())),
    'protocol: call: osqueryd answered with a call of ping',
  ],
  [
    'HTTP',
    (connection) => connection.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
    'protocol: call: osqueryd answered with bytes that are no Thrift',
  ],
  [
    'an end half way',
    ({ socket }) => socket.end(reply(Buffer.from('value')).subarray(0, -3)),
    'PATH: the connection ended without an answer to call',
  ],
  ['an end at once', ({ socket }) => socket.end(), 'PATH: the connection ended without an answer to call'],
])('%s is an error that says so', async (_, answer, message) => {
  const path = await manager(answer);
  await expect(call(path)).rejects.toThrow(message.replace('PATH', `socket: ${path}`));
});

test('where nothing is, the error says what to look at', async () => {
  const path = socketPath();
  await expect(call(path)).rejects.toThrow(
    `socket: ${path}: there is no such socket; is osqueryd running, and is this its --extensions_socket?`,
  );
  writeFileSync(path, '');
  await expect(call(path)).rejects.toThrow(
    `socket: ${path}: this is not a socket; give the value of --extensions_socket`,
  );
});
