import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWorker, startTransport } from '../../src/plugins/transport/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { Bench, tlsOf } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const answer = 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}';

/** Answers when so many bytes have come, and ends the connection in this way. */
async function serverThat(after: number, end: 'destroy' | 'end'): Promise<Server> {
  const server = createServer(tlsOf(bench.server), (socket) => {
    let got = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got < after || socket.writableEnded) return;
      socket.pause();
      if (end === 'end') {
        socket.end(answer);
      } else {
        // With unread bytes in it, that is a reset.
        socket.write(answer, () => socket.destroy());
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

for (const end of ['end', 'destroy'] as const) {
  test(`a 413 that comes while a large body is still being sent is a 413 (${end})`, async () => {
    const server = await serverThat(10_000, end);
    const port = (server.address() as AddressInfo).port;
    const transport = startTransport({
      settings: bench.settings(port),
      clock: new VirtualClock(),
      log: () => {},
      spawn: inWorker(),
    });
    const records = Array.from({ length: 8 }, (_, i) => ({
      number: i + 1,
      kind: 'line' as const,
      bytes: Buffer.from(JSON.stringify('x'.repeat(1_040_000))),
      acceptedAt: 0,
    }));
    const batch = {
      stream: 'result',
      writer: 'w',
      records,
      firstRow: 0,
      maxLines: 100,
      maxBytes: 1e8,
    } as const;
    for (let i = 0; i < 10; i++) {
      const { outcome } = await transport.request(
        { endpoint: 'log', nodeKey: 'k', batch },
        new AbortController().signal,
      );
      expect(outcome.kind, JSON.stringify(outcome)).toBe('too_large');
    }
    await transport.close();
    server.close();
  });
}
