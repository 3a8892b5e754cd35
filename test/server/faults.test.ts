import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/server/index.ts';
import { TestNode } from './support/client.ts';
import { startServer, writtenLines } from './support/servers.ts';

test('scripted answers come in order, for their endpoint, as often as asked', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  server.faults.add(
    { endpoint: 'log', fault: { status: 413, body: '{"error":"too large"}' }, times: 2 },
    {
      endpoint: 'log',
      fault: { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' },
    },
    { endpoint: 'config', fault: { status: 204 } },
  );
  expect((await node.post('/config')).status).toBe(204);
  expect(await node.log(['a'])).toMatchObject({ status: 413, json: { error: 'too large' } });
  expect(await node.log(['a'])).toMatchObject({ status: 413 });
  expect(await node.log(['a'])).toMatchObject({
    status: 502,
    text: '<h1>Bad Gateway</h1>',
    headers: { 'content-type': 'text/html' },
  });
  expect((await node.log(['a'])).text).toBe('{}');
  expect(await writtenLines(server)).toEqual(['"a"']);
  expect(
    server.events.seen.filter((event) => event.kind === 'fault_injected').map(({ fault }) => fault),
  ).toEqual(['204', '413', '413', '502']);
});

test('a request can be cut before or after it was processed', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  server.faults.add({ fault: 'reset' }, { fault: 'reset_after' });
  await expect(node.log(['before'])).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(node.log(['after'])).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await writtenLines(server)).toEqual(['"after"']);
});

test('another answer can be given after the request was processed', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  server.faults.add({ fault: { status: 500, body: '', afterProcessing: true } });
  expect(await node.log(['a'])).toMatchObject({ status: 500, text: '', headers: { 'content-length': '0' } });
  expect(await writtenLines(server)).toEqual(['"a"']);
});

test('a request that hangs holds up neither others nor close', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  server.faults.add({ endpoint: 'log', fault: 'hang' }, { endpoint: 'log', fault: 'hang_after' });
  const hanging = Promise.allSettled([node.log(['lost']), node.log(['kept'])]);
  await server.events.waitFor('log_received');
  expect((await node.post('/config')).json).toEqual({});
  expect(await writtenLines(server)).toHaveLength(1);
  await server.close();
  expect((await hanging).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('a rule can look at the request; an interceptor sees what the script left', async () => {
  const seen: [Endpoint, string][] = [];
  const server = await startServer({
    intercept: async (endpoint, { body }) => {
      seen.push([endpoint, Buffer.from(body).toString().slice(0, 1)]);
      return endpoint === 'distributed_read' ? { body: '💥' } : undefined;
    },
  });
  const node = await TestNode.enroll(server, 'host-1');
  server.faults.add({
    endpoint: 'log',
    times: Number.POSITIVE_INFINITY,
    fault: { status: 400, body: '{"error":"poison"}' },
    when: ({ body }) => Buffer.from(body).includes('poison'),
  });
  expect((await node.log(['good'])).text).toBe('{}');
  expect((await node.log(['poison'])).status).toBe(400);
  expect((await node.log(['poison'])).status).toBe(400);
  expect((await node.post('/distributed_read')).text).toBe('💥');
  expect(seen).toEqual([
    ['enroll', '{'],
    ['log', '{'],
    ['distributed_read', '{'],
  ]);
  server.faults.clear();
  expect((await node.log(['poison'])).text).toBe('{}');
});

test('waiting for an event sees what happened already and what comes', async () => {
  const server = await startServer();
  const later = server.events.waitFor('enrolled', ({ node }) => node === 'host-2');
  await TestNode.enroll(server, 'host-1');
  await TestNode.enroll(server, 'host-2');
  expect(await later).toMatchObject({ node: 'host-2' });
  expect(await server.events.waitFor('enrolled')).toMatchObject({ node: 'host-1' });
  const never = server.events.waitFor('config_served', undefined, AbortSignal.abort(new Error('enough')));
  await expect(never).rejects.toThrow('enough');
});
