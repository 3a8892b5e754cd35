import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Bench, tlsOf } from './bench.ts';
import type { Answer } from './script-server.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const ok: Answer = { status: 200, body: '{"a":1}' };

let proxy: Server;
let asked: { target: string | undefined; authorization: string | undefined }[];
let wanted: string | undefined;
const sockets = new Set<Socket>();
beforeEach(async () => {
  asked = [];
  wanted = undefined;
  proxy = createServer();
  proxy.on('connection', (socket) => sockets.add(socket));
  proxy.on('connect', (request, socket) => {
    const authorization = request.headers['proxy-authorization'];
    asked.push({ target: request.url, authorization });
    if (wanted !== undefined && authorization !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1]);
    const server = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.pipe(socket).pipe(server);
    });
    server.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    socket.on('error', () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  proxy.close();
  for (const socket of sockets) socket.destroy();
  delete process.env['NO_PROXY'];
});
const address = () => `127.0.0.1:${(proxy.address() as AddressInfo).port}`;

test('requests go through the proxy, several through one tunnel', async () => {
  await using talk = await bench.start(() => ok, { change: { proxyHostname: address() } });
  await talk.config();
  await talk.config();
  expect(asked).toEqual([{ target: `localhost:${talk.server.port}`, authorization: undefined }]);
  expect(talk.server.seen.length).toBe(2);
});

test('name and password of the flag are shown to the proxy, and to nobody else', async () => {
  wanted = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  await using talk = await bench.start(() => ok, { change: { proxyHostname: `me:p%40ss@${address()}` } });
  expect((await talk.config()).outcome.kind).toBe('delivered');
  expect(talk.server.seen[0]?.headers['proxy-authorization']).toBeUndefined();
});

test('a proxy that asks for a password gives a reason that says where to put it', async () => {
  wanted = 'Basic xyz';
  await using talk = await bench.start(() => ok, { change: { proxyHostname: address() } });
  expect((await talk.log(['{}'])).outcome).toEqual({
    kind: 'retry',
    reason: `proxy: the proxy ${address()} asks for a name and a password (407): give them as --proxy_hostname=user:password@host:port`,
  });
  talk.transport.update({ ...talk.settings, proxyHostname: `me:wrong-word@${address()}` });
  expect((await talk.log(['{}'])).outcome).toEqual({
    kind: 'retry',
    reason: `proxy: the proxy ${address()} refuses the name or password of --proxy_hostname (407)`,
  });
});

test('a proxy that does not reach the server says so', async () => {
  const change = { proxyHostname: address(), hostname: 'localhost:1' };
  await using talk = await bench.start(() => ok, { change });
  expect((await talk.log(['{}'])).outcome).toEqual({
    kind: 'retry',
    reason: `proxy: the proxy ${address()} answers HTTP 502 to CONNECT localhost:1`,
  });
});

test('a proxy that is away is named, not the server', async () => {
  await using talk = await bench.start(() => ok, { change: { proxyHostname: '127.0.0.1:1' } });
  expect((await talk.log(['{}'])).outcome).toEqual({
    kind: 'retry',
    reason: 'connect: no connection to 127.0.0.1:1 (ECONNREFUSED)',
  });
});

test('the certificate of the server is checked behind a proxy, too', async () => {
  const tls = tlsOf(await bench.authority.server({ commonName: 'other', names: ['other'] }));
  await using talk = await bench.start(() => ok, { change: { proxyHostname: address() }, tls });
  expect((await talk.log(['{}'])).outcome).toMatchObject({
    kind: 'retry',
    reason: /is for DNS:other, not for localhost/,
  });
});

test('NO_PROXY exempts the server', async () => {
  process.env['NO_PROXY'] = 'example.com, localhost';
  await using talk = await bench.start(() => ok, { change: { proxyHostname: '127.0.0.1:1' } });
  expect((await talk.log(['{}'])).outcome.kind).toBe('delivered');
});

test('a proxy that does not open its tunnel is named after 10 s', async () => {
  proxy.removeAllListeners('connect');
  const reached = new Promise((resolve) => proxy.once('connect', resolve));
  await using talk = await bench.start(() => ok, { change: { proxyHostname: address() } });
  const reply = talk.log(['{}']);
  await reached;
  await talk.clock.advance(10_000);
  expect((await reply).outcome).toEqual({
    kind: 'retry',
    reason: `connect: no connection to localhost:${talk.server.port} through the proxy within 10 s`,
  });
});
