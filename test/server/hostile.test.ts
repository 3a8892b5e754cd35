import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { send, TestNode } from './support/client.ts';
import { startServer, writtenLines } from './support/servers.ts';

const paths = ['/enroll', '/config', '/log', '/distributed_read', '/distributed_write'];

test.each(paths)(
  'bodies that are no JSON object are refused with a reason at %s, and nothing else happens',
  async (path) => {
    const server = await startServer();
    for (const body of [
      '',
      '{',
      '{"node_key":',
      '[]',
      '[{"node_key":"x"}]',
      '"text"',
      '7',
      'null',
      '<html>',
      '{}{}',
    ]) {
      const answer = await send(server, path, body);
      expect([body, answer.status]).toEqual([body, 400]);
      expect(answer.json).toEqual({ error: expect.stringMatching(/./) });
      expect(answer.headers['content-type']).toBe('application/json');
    }
    expect(server.events.seen.filter((event) => event.kind === 'bad_request')).toHaveLength(10);
  },
);

test.each(paths)('bodies that are nested a million deep do no harm at %s', async (path) => {
  const server = await startServer({ limits: { config: 1e7, distributed_read: 1e7, enroll: 1e7 } });
  const { status } = await send(server, path, `{"data":${'['.repeat(1_000_000)}`);
  expect(status).toBe(400);
  expect((await new TestNode(server, 'h').enroll()).json).toHaveProperty('node_key');
});

test('a body of 100 MB is refused with 413 that reaches the client, with and without Content-Length', async () => {
  const server = await startServer();
  const huge = Buffer.alloc(100 * 1024 * 1024, 0x20);
  const refusal = { status: 413, json: { error: 'the body is larger than 33554432 bytes' } };
  expect(await send(server, '/log', huge)).toMatchObject(refusal);
  expect(await send(server, '/log', huge, { chunked: true })).toMatchObject(refusal);
});

test('a gzip bomb is refused with 413 before it is inflated', async () => {
  const server = await startServer();
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  expect(bomb.length).toBeLessThan(256 * 1024);
  const before = process.memoryUsage().rss;
  const answer = await send(server, '/log', bomb, { headers: { 'content-encoding': 'gzip' } });
  expect(answer).toMatchObject({ status: 413, json: { error: expect.stringContaining('larger than') } });
  expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
});

test('each endpoint has its own limit', async () => {
  const server = await startServer({ limits: { log: 100 } });
  const node = await TestNode.enroll(server, 'h');
  expect((await node.log(['x'.repeat(100)])).status).toBe(413);
  expect((await node.post('/config', { padding: 'x'.repeat(60_000) })).status).toBe(200);
  expect((await node.post('/config', { padding: 'x'.repeat(70_000) })).status).toBe(413);
});

test('gzip that is damaged, cut short or not gzip is a bad request; other encodings are not supported', async () => {
  const server = await startServer();
  const good = gzipSync('{"node_key":"x"}');
  const damaged = Buffer.from(good);
  damaged[12] = (damaged[12] ?? 0) ^ 0xff;
  for (const body of [damaged, good.subarray(0, -4), Buffer.from('{}'), Buffer.alloc(0)]) {
    const answer = await send(server, '/config', body, { headers: { 'content-encoding': 'gzip' } });
    expect(answer).toMatchObject({ status: 400, json: { error: expect.stringContaining('gzip') } });
  }
  const other = await send(server, '/config', '{}', { headers: { 'content-encoding': 'br' } });
  expect(other).toMatchObject({ status: 415, json: { error: expect.stringContaining('Content-Encoding') } });
  const named = await send(server, '/config', '{"node_key":"x"}', {
    headers: { 'content-encoding': 'Identity' },
  });
  expect(named.json).toEqual({ node_invalid: true });
});

test('unknown paths and methods get JSON with an error too', async () => {
  const server = await startServer();
  expect(await send(server, '/nowhere', {})).toMatchObject({ status: 404, json: { error: 'no such path' } });
  const get = await send(server, '/config', undefined, { method: 'GET' });
  expect(get).toMatchObject({
    status: 405,
    json: { error: 'this path takes POST' },
    headers: { allow: 'POST' },
  });
});

test('a content type and a chunked body are no reason to refuse', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'h');
  const headers = { 'content-type': 'text/plain' };
  expect((await node.post('/config', {}, { headers, chunked: true })).json).toEqual({});
});

test('a client that goes away in the middle of its body harms nobody', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'h');
  const half = request(`${server.url}/log`, {
    method: 'POST',
    ca: readFileSync(server.caFile),
    agent: false,
    headers: { 'content-length': '1000' },
  });
  half.on('error', () => {});
  half.write(`{"node_key":"${node.key}","log_type":"result","data":[{"a":1}`);
  await once(half, 'socket');
  await new Promise((resolve) => half.write(' ', resolve));
  half.destroy();
  await server.events.waitFor('bad_request', ({ place, status }) => place === 'log' && status === 0);
  expect(await writtenLines(server)).toEqual([]);
  expect((await node.log(['b'])).text).toBe('{}');
});

test('what is not HTTP is answered with 400 and a reason', async () => {
  const server = await startServer();
  const socket = connect({ port: server.address.port, host: '127.0.0.1', ca: readFileSync(server.caFile) });
  socket.end('this is not HTTP\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += chunk;
  expect(text).toMatch(/^HTTP\/1.1 400 /);
  expect(text).toContain('{"error":"not a valid HTTP request"}');
});

test('headers have room for many numbers, and beyond it are refused as what they are', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'h');
  const records = Array.from({ length: 10_000 }, (_, i) => 2 * i + 1);
  expect((await node.numbered(records.join(','), records)).text).toBe('{}');
  expect(await writtenLines(server)).toHaveLength(10_000);
  const answer = await node.log([], { 'x-padding': 'x'.repeat(300_000) });
  expect(answer).toMatchObject({ status: 431, json: { error: 'the headers are larger than 262144 bytes' } });
});
