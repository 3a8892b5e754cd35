import { expect, test } from 'vitest';
import { World } from './support/world.ts';

/** The server offers a query again after this. */
const leaseMs = 31_000;

const resultOf = (id: string, rows: object[] = [{ x: '1' }]) => ({
  queries: { [id]: rows },
  statuses: { [id]: 0 },
  messages: { [id]: '' },
  stats: { [id]: { wall_time_ms: 1 } },
});

test('a result is taken at once while the server is away, survives the process, and arrives', async () => {
  await using world = await World.create();
  const { server } = world;
  const first = await world.open();
  await first.genConfig();
  const id = await server.query('SELECT 1 AS x');
  await first.getQueries();
  world.away = true;
  const before = world.clock.monotonic();
  await first.writeResults(resultOf(id));
  expect(world.clock.monotonic()).toBe(before);
  await world.clock.pass(60_000);
  await first.close();

  const second = await world.open();
  world.away = false;
  // It waits there, so osqueryd need not run it again.
  await world.clock.pass(leaseMs);
  const event = await world.clock.until(server.events.waitFor('result_received'));
  expect(event).toMatchObject({ query: id, rows: 1, repeated: false });
  await second.close();
  expect(server.events.seen.filter(({ kind }) => kind === 'result_received')).toHaveLength(1);
});

test('a query of which the result waits is not run again', async () => {
  await using world = await World.create();
  const { server, clock } = world;
  const host = await world.open();
  await host.genConfig();
  const id = await server.query('SELECT 1 AS x');
  expect(await host.getQueries()).toEqual({ queries: { [id]: 'SELECT 1 AS x' } });
  world.faults.distributed_write = { status: 503 };
  await host.writeResults(resultOf(id));
  await clock.pass(leaseMs);
  const other = await server.query('SELECT 2 AS x');
  expect(await host.getQueries()).toMatchObject({ queries: { [other]: 'SELECT 2 AS x' } });
  expect(await host.getQueries()).not.toHaveProperty(`queries.${id}`);

  world.faults = {};
  await clock.until(server.events.waitFor('result_received', ({ query }) => query === id));
});

test('a refused key is replaced in the same call', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  await world.server.revoke('the-host');
  await expect(host.getQueries()).resolves.toEqual({ queries: {} });
  expect(world.enrollments()).toBe(2);
});

test('a server that is away is a failure with a reason, after three strikes', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  world.faults.distributed_read = { status: 502, body: '<html>Bad gateway</html>' };
  await expect(host.getQueries()).rejects.toThrow('HTTP 502');
  const [first = 0, ...others] = world.faultyRequests('distributed_read');
  expect(others.map((at) => at - first)).toEqual([1000, 5000]);
});

test('results with what JSON cannot carry safely arrive byte for byte', async () => {
  const bodies: Buffer[] = [];
  await using world = await World.create({
    server: {
      intercept: (endpoint, { body }) => {
        if (endpoint === 'distributed_write') bodies.push(Buffer.from(body));
        return undefined;
      },
    },
  });
  const host = await world.open();
  await host.genConfig();
  const id = await world.server.query('SELECT 1');
  const row = Buffer.from('[{"big":9007199254740993,"raw":"\xff\xfe","b":"1","a":"2"}]', 'latin1');
  await host.writeResults(
    Buffer.concat([
      Buffer.from(`{"queries":{"${id}":`),
      row,
      Buffer.from(`},"statuses":{"${id}":0},"messages":{"${id}":""}}`),
    ]),
  );
  await world.clock.until(world.server.events.waitFor('result_received'));
  expect(bodies).toHaveLength(1);
  expect(bodies[0]?.includes(row)).toBe(true);
});
