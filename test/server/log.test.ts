import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { AcceptedLines } from '../../src/server/index.ts';
import { send, TestNode } from './support/client.ts';
import { startServer, writtenLines } from './support/servers.ts';

test('lines are written as they were sent, each stream to its file', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const text = `{"data":[{"b":1.0,"a":9007199254740993}, {"c":"ü"}],"log_type":"result","node_key":"${node.key}"}`;
  expect(await send(server, '/log', text)).toMatchObject({ status: 200, text: '{}' });
  await node.post('/log', { log_type: 'status', data: [{ severity: 0 }] });
  expect(await writtenLines(server)).toEqual([
    '{"b":1.0,"a":9007199254740993}',
    Buffer.from('{"c":"ü"}').toString('latin1'),
  ]);
  expect(await writtenLines(server, 'status')).toEqual(['{"severity":0}']);
  expect(server.events.seen.filter((event) => event.kind === 'log_received')).toMatchObject([
    { node: 'host-1', stream: 'result', lines: 2, repeated: 0, bytes: Buffer.byteLength(text) },
    { node: 'host-1', stream: 'status', lines: 1, repeated: 0 },
  ]);
});

test('invalid UTF-8 in a line neither breaks the batch nor is changed', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const body = Buffer.concat([
    Buffer.from(`{"node_key":"${node.key}","log_type":"result","data":[{"v":"`),
    Buffer.from([0xff, 0xc3, 0x28]),
    Buffer.from('"},{"v":"good"}]}'),
  ]);
  expect((await send(server, '/log', body)).text).toBe('{}');
  expect(await writtenLines(server)).toEqual(['{"v":"\xff\xc3("}', '{"v":"good"}']);
});

test('a compressed body is the same body', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const body = gzipSync(JSON.stringify({ node_key: node.key, log_type: 'result', data: [{ a: 1 }] }));
  expect((await send(server, '/log', body, { headers: { 'content-encoding': 'gzip' } })).text).toBe('{}');
  expect(await writtenLines(server)).toEqual(['{"a":1}']);
});

test('lines of any JSON type are kept, and an empty batch is fine', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  expect((await node.log(['text', 7, null, [1]])).text).toBe('{}');
  expect((await node.log([])).text).toBe('{}');
  expect(await writtenLines(server)).toEqual(['"text"', '7', 'null', '[1]']);
});

test.each([
  [{ data: [] }, '"log_type" must be "result" or "status"'],
  [{ log_type: 'snapshot', data: [] }, '"log_type" must be "result" or "status"'],
  [{ log_type: 7, data: [] }, '"log_type" must be "result" or "status"'],
  [{ log_type: 'result' }, '"data" must be an array'],
  [{ log_type: 'result', data: null }, '"data" must be an array'],
  [{ log_type: 'result', data: { 0: 'a' } }, '"data" must be an array'],
])('a log request of the shape %j is told what is wrong, and loses nothing quietly', async (body, error) => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  expect(await node.post('/log', body)).toMatchObject({ status: 400, json: { error } });
});

test('the callback gets the new lines before they are acknowledged, and can refuse a batch', async () => {
  const got: AcceptedLines[] = [];
  let refuse = false;
  const server = await startServer({
    onLines: async (accepted) => {
      if (refuse) throw new Error('the queue behind is full');
      got.push(accepted);
    },
  });
  const node = await TestNode.enroll(server, 'host-1');
  await node.numbered('1-2', ['a', 'b']);
  refuse = true;
  expect(await node.numbered('2-3', ['b', 'c'])).toMatchObject({
    status: 500,
    json: { error: 'internal server error' },
  });
  refuse = false;
  expect((await node.numbered('2-3', ['b', 'c'])).text).toBe('{}');
  const told = got.map(({ node, stream, lines }) => [
    node,
    stream,
    lines.map((line) => Buffer.from(line).toString()),
  ]);
  expect(told).toEqual([
    ['host-1', 'result', ['"a"', '"b"']],
    ['host-1', 'result', ['"c"']],
  ]);
  expect(await writtenLines(server)).toEqual(['"a"', '"b"', '"c"']);
  expect(server.events.seen).toContainEqual(
    expect.objectContaining({ kind: 'server_error', place: 'log', reason: 'the queue behind is full' }),
  );
});

test('many batches at once are all written, none of them mixed', async () => {
  const server = await startServer();
  const nodes = await Promise.all([1, 2, 3].map((i) => TestNode.enroll(server, `host-${i}`)));
  await Promise.all(
    nodes.flatMap((node) =>
      Array.from({ length: 10 }, (_, batch) =>
        node.log([0, 1, 2].map((line) => `${node.host} ${batch} ${line}`)),
      ),
    ),
  );
  const lines = await writtenLines(server);
  expect(lines).toHaveLength(90);
  for (let i = 0; i < 90; i += 3) {
    const stem = lines[i]?.slice(0, -2);
    expect(lines.slice(i, i + 3)).toEqual([`${stem}0"`, `${stem}1"`, `${stem}2"`]);
  }
});
