import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcess, startTransport } from '../../src/plugins/transport/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { Bench } from './bench.ts';

let bench: Bench;
let silent: Server;
let received: Promise<Socket>;

beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

/** A config call while the server takes connections and says nothing. */
async function outcomeAgainstSilence() {
  received = new Promise((resolve) => {
    silent = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => resolve(socket));
    });
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const port = (silent.address() as AddressInfo).port;
  const clock = new VirtualClock();
  const transport = startTransport({
    settings: bench.settings(port, { configAttempts: 1 }),
    clock,
    log: () => {},
    spawn: inProcess(),
  });
  const reply = transport.request(
    { endpoint: 'config', nodeKey: 'a-node-key' },
    new AbortController().signal,
  );
  const socket = await received;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await clock.advance(10_000);
  const { outcome } = await reply;
  await closed;
  await transport.close();
  silent.close();
  expect(clock.pending()).toEqual([]);
  return { outcome, port };
}

test('a server that does not answer the handshake is named after 10 s, and left', async () => {
  const { outcome, port } = await outcomeAgainstSilence();
  expect(outcome).toEqual({
    kind: 'retry',
    reason: `tls: localhost:${port} has not finished the handshake within 10 s`,
  });
});
