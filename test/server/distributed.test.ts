import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/testing/index.ts';
import { send, TestNode } from './support/client.ts';
import { startServer, temporaryDirectory } from './support/servers.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('a query goes to every node, and its results come as the nodes answer', async () => {
  const server = await startServer();
  const one = await TestNode.enroll(server, 'host-1');
  const two = await TestNode.enroll(server, 'host-2');
  const id = await server.query('SELECT 1 AS x');
  const results = collect(server.results(id));
  expect(await one.read()).toEqual({ [id]: 'SELECT 1 AS x' });
  expect(await two.read()).toEqual({ [id]: 'SELECT 1 AS x' });
  const write = {
    queries: { [id]: [{ x: '1' }] },
    statuses: { [id]: 0 },
    messages: { [id]: '' },
    stats: { [id]: { memory: 1 } },
  };
  expect((await two.post('/distributed_write', write)).text).toBe('{}');
  const failed = { queries: { [id]: [] }, statuses: { [id]: 1 }, messages: { [id]: 'no such table' } };
  expect((await one.post('/distributed_write', failed)).text).toBe('{}');
  expect(await results).toMatchObject([
    { kind: 'result', query: id, node: 'host-2', status: 0, message: '', rows: [{ x: '1' }] },
    { kind: 'result', query: id, node: 'host-1', status: 1, message: 'no such table', rows: [] },
    { kind: 'end', reason: 'complete', missing: [] },
  ]);
  expect(await one.read()).toEqual({});
});

test('a query may be for some nodes only, and what others write for it is ignored', async () => {
  const server = await startServer();
  const one = await TestNode.enroll(server, 'host-1');
  const two = await TestNode.enroll(server, 'host-2');
  const target = server.nodes.find((node) => node.hostIdentifier === 'host-1')?.id ?? '';
  const id = await server.query('SELECT 1', { nodes: [target] });
  expect(await two.read()).toEqual({});
  await two.post('/distributed_write', { queries: { [id]: [{ forged: '1' }], unknown: [] }, statuses: {} });
  expect(server.events.seen.filter((event) => event.kind === 'result_ignored')).toMatchObject([
    { node: 'host-2', query: id },
    { node: 'host-2', query: 'unknown' },
  ]);
  expect(await one.read()).toEqual({ [id]: 'SELECT 1' });
});

test('a node that never answers gets the query again when its lease has ended, until the query expires', async () => {
  const clock = new VirtualClock();
  const server = await startServer({ clock, queryLeaseMs: 30_000 });
  const node = await TestNode.enroll(server, 'host-1');
  const id = await server.query('SELECT 1', { lifetimeMs: 60_000 });
  const results = collect(server.results(id));
  expect(await node.read()).toHaveProperty(id);
  await clock.advance(29_999);
  expect(await node.read()).toEqual({});
  await clock.advance(1);
  expect(await node.read()).toHaveProperty(id);
  await clock.advance(30_000);
  expect(await node.read()).toEqual({});
  expect(server.events.seen.filter((event) => event.kind === 'query_delivered')).toMatchObject([
    { again: false },
    { again: true },
  ]);
  expect(await results).toEqual([{ kind: 'end', reason: 'expired', missing: [server.nodes[0]?.id] }]);
});

test('a result that comes after the query expired is still kept', async () => {
  const clock = new VirtualClock();
  const server = await startServer({ clock });
  const node = await TestNode.enroll(server, 'host-1');
  const id = await server.query('SELECT 1', { lifetimeMs: 1_000 });
  await node.read();
  await clock.advance(5_000);
  await node.post('/distributed_write', { queries: { [id]: [{ x: '1' }] }, statuses: { [id]: 0 } });
  expect(await collect(server.results(id))).toMatchObject([
    { kind: 'result' },
    { kind: 'end', reason: 'complete' },
  ]);
});

test('a result that is written again counts once, as the first time', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const id = await server.query('SELECT 1');
  for (const x of ['first', 'second']) {
    const write = { queries: { [id]: [{ x }] }, statuses: { [id]: 0 } };
    expect((await node.post('/distributed_write', write)).text).toBe('{}');
  }
  expect(await collect(server.results(id))).toMatchObject([
    { kind: 'result', rows: [{ x: 'first' }] },
    { kind: 'end' },
  ]);
  expect(server.events.seen.filter((event) => event.kind === 'result_received')).toMatchObject([
    { repeated: false, rows: 1 },
    { repeated: true },
  ]);
});

test('a write that comes several times at once counts once', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const id = await server.query('SELECT 1');
  const results = collect(server.results(id));
  const write = { queries: { [id]: [{ x: '1' }] }, statuses: { [id]: 0 } };
  await Promise.all(Array.from({ length: 8 }, () => node.post('/distributed_write', write)));
  const repeated = server.events.seen.flatMap((event) =>
    event.kind === 'result_received' ? [event.repeated] : [],
  );
  expect(repeated.filter((again) => !again)).toHaveLength(1);
  expect(repeated).toHaveLength(8);
  expect(await results).toHaveLength(2);
});

test('writes of every osquery are understood', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const ids = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((sql) => server.query(sql)));
  const [noStatus = '', text = '', emptyText = '', statusOnly = '', negative = ''] = ids;
  const write = {
    queries: { [noStatus]: [{ a: '1' }], [text]: [], [emptyText]: '', [negative]: null },
    statuses: { [text]: '1', [emptyText]: '0', [statusOnly]: 2, [negative]: -1 },
  };
  expect((await node.post('/distributed_write', write)).text).toBe('{}');
  const statuses = server.events.seen.flatMap((event) =>
    event.kind === 'result_received' ? [[event.query, event.status, event.rows]] : [],
  );
  expect(statuses).toEqual([
    [noStatus, 0, 1],
    [text, 1, 0],
    [emptyText, 0, 0],
    [negative, -1, 0],
    [statusOnly, 2, 0],
  ]);
  expect((await node.post('/distributed_write', {})).text).toBe('{}');
});

test.each([
  [{ queries: [] }, '"queries" must be an object'],
  [{ queries: 'x' }, '"queries" must be an object'],
  [{ queries: {}, statuses: [0] }, '"statuses" must be an object'],
  [{ queries: { q: [1] } }, 'must be an array of objects'],
  [{ queries: { q: {} } }, 'must be an array of objects'],
  [{ queries: {}, statuses: { q: 'broken' } }, 'must be an integer'],
  [{ queries: {}, statuses: { q: 0.5 } }, 'must be an integer'],
])('a write of the shape %j is refused as a whole', async (write, reason) => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const id = await server.query('SELECT 1');
  const body = { ...write, statuses: { [id]: 0, ...('statuses' in write ? write.statuses : {}) } };
  const answer = await node.post(
    '/distributed_write',
    'statuses' in write && Array.isArray(write.statuses) ? write : body,
  );
  expect(answer).toMatchObject({ status: 400, json: { error: expect.stringContaining(reason) } });
  expect(await node.read()).toHaveProperty(id);
});

test('member names that mean something to JavaScript are query ids like others', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const text = `{"node_key":"${node.key}","queries":{"__proto__":[],"constructor":[]},"statuses":{"__proto__":0}}`;
  expect((await send(server, '/distributed_write', text)).text).toBe('{}');
  expect(server.events.seen.filter((event) => event.kind === 'result_ignored')).toMatchObject([
    { query: '__proto__' },
    { query: 'constructor' },
  ]);
});

test('discovery and accelerate are passed on as osqueryd reads them', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const first = await server.query('SELECT 1', { discovery: 'SELECT 1 FROM users', accelerateS: 30 });
  const second = await server.query('SELECT 2', { accelerateS: 60 });
  expect((await node.post('/distributed_read')).json).toEqual({
    queries: { [first]: 'SELECT 1', [second]: 'SELECT 2' },
    discovery: { [first]: 'SELECT 1 FROM users' },
    accelerate: 60,
  });
  expect((await node.post('/distributed_read')).json).toEqual({ queries: {} });
});

test('queries, results and what was answered survive a restart', async () => {
  const dataDirectory = await temporaryDirectory();
  const first = await startServer({ dataDirectory });
  const one = await TestNode.enroll(first, 'host-1');
  const two = await TestNode.enroll(first, 'host-2');
  const id = await first.query('SELECT 1');
  await one.read();
  await one.post('/distributed_write', { queries: { [id]: [{ x: '1' }] }, statuses: { [id]: 0 } });
  await two.read();
  await first.close();
  const second = await startServer({ dataDirectory });
  const read = async ({ key }: TestNode) => (await send(second, '/distributed_read', { node_key: key })).json;
  expect(await read(one)).toEqual({ queries: {} });
  expect(await read(two)).toEqual({ queries: { [id]: 'SELECT 1' } });
  const write = { node_key: two.key, queries: { [id]: [] }, statuses: { [id]: 0 } };
  await send(second, '/distributed_write', write);
  const results = await collect(second.results(id));
  expect(
    results
      .filter((item) => item.kind === 'result')
      .map((item) => item.node)
      .sort(),
  ).toEqual(['host-1', 'host-2']);
});

test('queries that expired a day ago are forgotten with their results', async () => {
  const clock = new VirtualClock();
  const server = await startServer({ clock });
  const node = await TestNode.enroll(server, 'host-1');
  const id = await server.query('SELECT 1', { lifetimeMs: 1_000 });
  await node.post('/distributed_write', { queries: { [id]: [] }, statuses: { [id]: 0 } });
  await clock.advance(24 * 3_600_000 + 60_000);
  await node.post('/distributed_write', { queries: { [id]: [] }, statuses: { [id]: 0 } });
  expect(server.events.seen.at(-1)).toMatchObject({ kind: 'result_ignored', query: id });
});
