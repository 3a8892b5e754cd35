import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { get } from 'node:https';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { ReferenceServer } from '../../src/server/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { send, TestNode } from './support/client.ts';
import { startServer } from './support/servers.ts';

async function bearer(server: ReferenceServer): Promise<{ headers: Record<string, string> }> {
  const token = (await readFile(server.tokenFile, 'utf8')).trim();
  return { headers: { authorization: `Bearer ${token}` } };
}

/** The lines of a result stream as they come. */
async function* follow(server: ReferenceServer, id: string): AsyncGenerator<Record<string, unknown>> {
  const { headers } = await bearer(server);
  const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    const options = { ca: readFileSync(server.caFile), headers, agent: false as const };
    get(`${server.url}/api/queries/${id}/results`, options, resolve).on('error', reject);
  });
  for await (const line of createInterface({ input: response })) yield JSON.parse(line);
}

test('the operator token is in a file that only its owner can read, and is needed for everything', async () => {
  const server = await startServer();
  expect((await stat(server.tokenFile)).mode & 0o777).toBe(0o600);
  expect((await stat(server.dataDirectory)).mode & 0o777).toBe(0o700);
  const refused = { status: 401, json: { error: 'operator token missing or wrong' } };
  for (const authorization of ['', 'Bearer', 'Bearer guess', 'NodeKey guess', 'Basic Z3Vlc3M=']) {
    const headers = { authorization };
    expect(await send(server, '/api/nodes', undefined, { method: 'GET', headers })).toMatchObject(refused);
    expect(await send(server, '/api/queries', { sql: 'SELECT 1' }, { headers })).toMatchObject(refused);
  }
  const node = await TestNode.enroll(server, 'host-1');
  const headers = { authorization: `Bearer ${node.key}` };
  expect(await send(server, '/api/nodes', undefined, { method: 'GET', headers })).toMatchObject(refused);
});

test('the nodes can be listed, without their keys', async () => {
  const server = await startServer({ clock: new VirtualClock(Date.UTC(2026, 0, 1)) });
  await TestNode.enroll(server, 'host-1');
  const answer = await send(server, '/api/nodes', undefined, { method: 'GET', ...(await bearer(server)) });
  expect(answer.json).toEqual({
    nodes: [
      {
        id: expect.any(String),
        host_identifier: 'host-1',
        platform_type: '9',
        enrolled: true,
        first_enrolled: '2026-01-01T00:00:00.000Z',
        last_enrolled: '2026-01-01T00:00:00.000Z',
        last_seen: '2026-01-01T00:00:00.000Z',
      },
    ],
  });
});

test('a query is posted, and its results stream in as nodes answer', async () => {
  const server = await startServer();
  const one = await TestNode.enroll(server, 'host-1');
  const two = await TestNode.enroll(server, 'host-2');
  const posted = await send(server, '/api/queries', { sql: 'SELECT 1' }, await bearer(server));
  expect(posted).toMatchObject({ status: 201, json: { all: true, nodes: ['host-1', 'host-2'] } });
  const { id } = posted.json as { id: string };
  const write = (rows: object[]) => ({ queries: { [id]: rows }, statuses: { [id]: 0 } });
  await one.post('/distributed_write', write([{ early: '1' }]));
  const stream = follow(server, id);
  expect((await stream.next()).value).toMatchObject({
    kind: 'result',
    node: 'host-1',
    rows: [{ early: '1' }],
  });
  await two.post('/distributed_write', write([{ late: 'ü' }]));
  expect((await stream.next()).value).toMatchObject({
    kind: 'result',
    node: 'host-2',
    rows: [{ late: 'ü' }],
  });
  expect((await stream.next()).value).toEqual({ kind: 'end', reason: 'complete', missing: [] });
  expect((await stream.next()).done).toBe(true);
  const list = await send(server, '/api/queries', undefined, { method: 'GET', ...(await bearer(server)) });
  expect(list.json).toMatchObject({ queries: [{ id, sql: 'SELECT 1', missing: [] }] });
});

test('a query for named nodes waits for these alone, and names those that did not answer', async () => {
  const clock = new VirtualClock();
  const server = await startServer({ clock });
  const one = await TestNode.enroll(server, 'host-1');
  await TestNode.enroll(server, 'host-2');
  await TestNode.enroll(server, 'host-3');
  const body = { sql: 'SELECT 1', nodes: ['host-1', 'host-2'], lifetime_s: 10 };
  const { json } = await send(server, '/api/queries', body, await bearer(server));
  const { id } = json as { id: string };
  await one.post('/distributed_write', { queries: { [id]: [] }, statuses: { [id]: 0 } });
  const stream = follow(server, id);
  expect((await stream.next()).value).toMatchObject({ node: 'host-1' });
  await clock.sleeping(10_000);
  await clock.advance(10_000);
  expect((await stream.next()).value).toEqual({ kind: 'end', reason: 'expired', missing: ['host-2'] });
});

test('a query that is deleted is not delivered any more, and its streams end', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const { json } = await send(server, '/api/queries', { sql: 'SELECT 1' }, await bearer(server));
  const { id } = json as { id: string };
  const end = follow(server, id).next();
  const options = { method: 'DELETE', ...(await bearer(server)) };
  expect((await send(server, `/api/queries/${id}`, undefined, options)).status).toBe(200);
  expect((await end).value).toMatchObject({ kind: 'end', reason: 'expired' });
  expect(await node.read()).toEqual({});
});

test.each([
  [{}, 400, '"sql" must be a non-empty string'],
  [{ sql: '  ' }, 400, '"sql" must be a non-empty string'],
  [{ sql: 1 }, 400, '"sql" must be a non-empty string'],
  [{ sql: 'x', nodes: [] }, 400, '"nodes" must be a non-empty array'],
  [{ sql: 'x', nodes: 'host-1' }, 400, '"nodes" must be a non-empty array'],
  [{ sql: 'x', nodes: ['nobody'] }, 404, 'no node is called "nobody"'],
  [{ sql: 'x', lifetime_s: 0 }, 400, '"lifetime_s" must be a number of seconds'],
  [{ sql: 'x', lifetime_s: 1e12 }, 400, '"lifetime_s" must be a number of seconds'],
  [{ sql: 'x', accelerate_s: 1.5 }, 400, '"accelerate_s" must be an integer'],
  [{ sql: 'x', discovery: '' }, 400, '"discovery" must be a non-empty string'],
])('a query of the shape %j is refused', async (body, status, reason) => {
  const server = await startServer();
  const answer = await send(server, '/api/queries', body, await bearer(server));
  expect(answer).toMatchObject({ status, json: { error: expect.stringContaining(reason) } });
});

test('unknown paths of the operator API are 404, with the token only', async () => {
  const server = await startServer();
  const headers = await bearer(server);
  for (const path of ['/api/', '/api/secrets', '/api/queries/none', '/api/queries/none/results']) {
    expect((await send(server, path, undefined, { method: 'GET', ...headers })).status).toBe(404);
    expect((await send(server, path, undefined, { method: 'GET' })).status).toBe(401);
  }
});

test('closing the server ends the streams of those who wait', async () => {
  const server = await startServer();
  await TestNode.enroll(server, 'host-1');
  const id = await server.query('SELECT 1');
  const results = server.results(id);
  const waiting = results.next();
  await server.close();
  expect((await waiting).done).toBe(true);
});
