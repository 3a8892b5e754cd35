import { appendFile, stat, truncate } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dedupeHeaders } from '../../src/api.ts';
import { createServer } from '../../src/server/index.ts';
import { numberHeaders, send, TestNode } from './support/client.ts';
import { startServer, temporaryDirectory, writtenLines } from './support/servers.ts';

const repeats = (server: Awaited<ReturnType<typeof startServer>>) =>
  server.events.seen.flatMap((event) => (event.kind === 'log_received' ? [event.repeated] : []));

test('a batch that is sent again because its reply was lost is answered and written once', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  server.faults.add({ endpoint: 'log', fault: 'reset_after' });
  await expect(node.numbered('1-3', ['a', 'b', 'c'])).rejects.toThrow();
  expect((await node.numbered('1-3', ['a', 'b', 'c'])).text).toBe('{}');
  expect(await writtenLines(server)).toEqual(['"a"', '"b"', '"c"']);
  expect(repeats(server)).toEqual([0, 3]);
});

test('batches that overlap are sorted out line by line, also within a record', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  await node.numbered('1-2,4.0-4.1', ['1', '2', '4.0', '4.1']);
  await node.numbered('2-3,4.1-4.3,5', ['2', '3', '4.1', '4.2', '4.3', '5']);
  await node.numbered('1-5', ['1', '2', '3', '4.0', '5']);
  expect((await writtenLines(server)).map((line) => JSON.parse(line))).toEqual([
    '1',
    '2',
    '4.0',
    '4.1',
    '3',
    '4.2',
    '4.3',
    '5',
  ]);
  expect(repeats(server)).toEqual([0, 2, 5]);
});

test('numbers belong to one node, one writer and one stream', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const other = await TestNode.enroll(server, 'host-2');
  await node.numbered('1', ['a']);
  await node.numbered('1', ['b'], 'writer-2');
  await other.numbered('1', ['c']);
  await node.post(
    '/log',
    { log_type: 'status', data: ['d'] },
    { headers: numberHeaders('1', 'writer-1', 'status') },
  );
  expect(await writtenLines(server)).toEqual(['"a"', '"b"', '"c"']);
  expect(await writtenLines(server, 'status')).toEqual(['"d"']);
});

test('what a node sent stays known when it enrolls again', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  await node.numbered('1', ['a']);
  await node.enroll();
  await node.numbered('1-2', ['a', 'b']);
  expect(await writtenLines(server)).toEqual(['"a"', '"b"']);
});

test('without the headers everything is taken, as from any osquery', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  await node.log(['a']);
  await node.log(['a']);
  expect(await writtenLines(server)).toEqual(['"a"', '"a"']);
});

test('a batch that comes twice at the same time is written once', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const data = Array.from({ length: 500 }, (_, i) => i);
  await Promise.all(Array.from({ length: 6 }, () => node.numbered('1-500', data)));
  expect(await writtenLines(server)).toEqual(data.map(String));
});

test('any schedule of repeats and overlaps writes each line once, across restarts too', async () => {
  const steps = fc.array(
    fc.record({
      first: fc.integer({ min: 4080, max: 4110 }),
      count: fc.integer({ min: 1, max: 20 }),
      restart: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (schedule) => {
      const dataDirectory = await temporaryDirectory();
      let server = await startServer({ dataDirectory });
      const node = await TestNode.enroll(server, 'host-1');
      const sent = new Set<string>();
      for (const { first, count, restart } of schedule) {
        const lines = Array.from({ length: count }, (_, i) => first + i);
        for (const line of lines) sent.add(String(line));
        const body = { node_key: node.key, log_type: 'result', data: lines };
        const headers = numberHeaders(`${first}-${first + count - 1}`);
        expect((await send(server, '/log', body, { headers })).text).toBe('{}');
        if (!restart) continue;
        await server.close();
        server = await startServer({ dataDirectory });
      }
      const written = await writtenLines(server);
      expect(written.toSorted()).toEqual([...sent].sort());
      await server.close();
    }),
    { numRuns: 15 },
  );
});

test.each([
  [{ [dedupeHeaders.writer]: 'w' }, 'go together'],
  [{ [dedupeHeaders.numbers]: '1-2', [dedupeHeaders.stream]: 'result' }, 'go together'],
  [numberHeaders('1-3'), 'lists 3 lines, the body holds 2'],
  [numberHeaders(''), 'lists 0 lines, the body holds 2'],
  [numberHeaders('1-9007199254740991'), 'lists 9007199254740991 lines'],
  [numberHeaders('2,1'), 'does not come after'],
  [numberHeaders('1,1'), 'does not come after'],
  [numberHeaders('one,two'), '"one" is not a number'],
  [numberHeaders('1-2', 'wri!ter'), 'letters, digits'],
  [numberHeaders('1-2', 'w'.repeat(129)), 'letters, digits'],
  [numberHeaders('1-2', 'w', 'status'), 'must be "result"'],
  [numberHeaders('1-2', 'w', 'distributed'), 'must be "result"'],
])('headers that contradict themselves or the body (%j) are refused as a whole', async (headers, reason) => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  expect(await node.log(['a', 'b'], headers)).toMatchObject({
    status: 400,
    json: { error: expect.stringContaining(reason) },
  });
  expect(await writtenLines(server)).toEqual([]);
  expect((await node.numbered('1-2', ['a', 'b'])).text).toBe('{}');
  expect(await writtenLines(server)).toEqual(['"a"', '"b"']);
});

test('lines that were written but not acknowledged when the server died are cut off, and taken when they come again', async () => {
  const dataDirectory = await temporaryDirectory();
  const first = await startServer({ dataDirectory });
  const node = await TestNode.enroll(first, 'host-1');
  await node.numbered('1', ['a']);
  await first.close();
  // As a crash between the append and the commit leaves it, the second line torn.
  await appendFile(first.logFile('result'), '"b"\n"c');
  const second = await startServer({ dataDirectory });
  expect(await writtenLines(second)).toEqual(['"a"']);
  expect(second.events.seen).toContainEqual(
    expect.objectContaining({ kind: 'log_repaired', reason: expect.stringContaining('6 bytes') }),
  );
  const body = { node_key: node.key, log_type: 'result', data: ['a', 'b', 'c'] };
  await send(second, '/log', body, { headers: numberHeaders('1-3') });
  expect(await writtenLines(second)).toEqual(['"a"', '"b"', '"c"']);
});

test('a log file that lost acknowledged lines is reported', async () => {
  const dataDirectory = await temporaryDirectory();
  const first = await startServer({ dataDirectory });
  const node = await TestNode.enroll(first, 'host-1');
  await node.numbered('1', ['a']);
  await first.close();
  await truncate(first.logFile('result'), 1);
  const second = await createServer({ secrets: [], dataDirectory });
  expect(second.events.seen).toContainEqual(
    expect.objectContaining({ kind: 'log_repaired', reason: expect.stringContaining('3 bytes shorter') }),
  );
  await second.close();
});

test('when a batch cannot be committed its lines are removed again and taken later', async () => {
  let failing = true;
  const server = await startServer({
    onLines: ({ lines }) => {
      if (failing && lines.length > 1) throw new Error('full');
    },
  });
  const node = await TestNode.enroll(server, 'host-1');
  await node.numbered('1', ['a']);
  expect((await node.numbered('1-3', ['a', 'b', 'c'])).status).toBe(500);
  expect((await stat(server.logFile('result'))).size).toBe(4);
  failing = false;
  expect((await node.numbered('1-3', ['a', 'b', 'c'])).text).toBe('{}');
  expect(await writtenLines(server)).toEqual(['"a"', '"b"', '"c"']);
});
