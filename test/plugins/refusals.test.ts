import { expect, test } from 'vitest';
import { knownBy, NumberedLines, numbers } from './support/numbered-lines.ts';
import { World } from './support/world.ts';

const second = 1000;
const minute = 60 * second;

// As a proxy does whose limit is too low, or a server that cannot read what it is sent.
test.each([413, 400])('%d on every log for ten minutes: nothing in quarantine', async (status) => {
  await using world = await World.create();
  const { clock, logRequests } = world;
  const host = await world.open();
  await host.genConfig();
  const lines = new NumberedLines(host);
  const goOn = async (steps: number) => {
    for (let n = 0; n < steps; n++) {
      await lines.results(20);
      await lines.statuses(2);
      await clock.pass(10 * second);
      expect(await host.table('remote_quarantine')).toEqual([]);
    }
  };
  await goOn(1);
  const before = knownBy(world);
  expect(before.result).toEqual(numbers(1, 20));

  world.faults.log = { status, body: '{"error":"no"}' };
  logRequests.seen = [];
  await goOn(60);
  expect(knownBy(world)).toEqual(before);
  // Not a storm: at most 17 at once after each back-off, and the back-offs grow.
  expect(logRequests.of('result').length).toBeLessThan(150);

  world.faults = {};
  await goOn(60);
  await clock.pass(60 * minute);
  expect(await host.table('remote_quarantine')).toEqual([]);
  expect(knownBy(world)).toEqual({
    result: numbers(1, lines.taken.result),
    status: numbers(1, lines.taken.status),
    lost: { result: 0, status: 0, distributed: 0 },
    others: [],
  });
});

test('400 on every distributed result for ten minutes: nothing in quarantine', async () => {
  await using world = await World.create();
  const { clock, server } = world;
  const host = await world.open();
  await host.genConfig();
  const received = () =>
    server.events.seen.flatMap((event) => (event.kind === 'result_received' ? [event.query] : []));
  const queries: string[] = [];
  const answerOne = async () => {
    const id = await server.query('SELECT 1 AS x');
    queries.push(id);
    // Those of which the result waits are not run again, though the server offers them.
    expect(Object.keys((await host.getQueries()).queries ?? {})).toEqual([id]);
    await host.writeResults({
      queries: { [id]: [{ x: '1' }] },
      statuses: { [id]: 0 },
      messages: { [id]: '' },
      stats: { [id]: {} },
    });
  };
  world.faults.distributed_write = { status: 400, body: '{"error":"no"}' };
  for (let n = 0; n < 20; n++) {
    await answerOne();
    await clock.pass(30 * second);
    expect(await host.table('remote_quarantine')).toEqual([]);
  }
  expect(received()).toEqual([]);

  world.faults = {};
  await answerOne();
  await clock.pass(60 * minute);
  expect(await host.table('remote_quarantine')).toEqual([]);
  expect(received()).toEqual(queries);
});
