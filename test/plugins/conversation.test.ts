import { expect, test } from 'vitest';
import { inWorker } from '../../src/plugins/transport/index.ts';
import { firstConfig, World } from './support/world.ts';

test.each([
  ['in this thread', undefined],
  ['in a worker', inWorker()],
])(
  'enroll, config, result and status lines, a query and its result, with the transport %s',
  async (_, spawn) => {
    await using world = await World.create({ ...(spawn && { spawn }) });
    const { server, core, clock } = world;
    const host = await world.open();

    expect(JSON.parse(await host.genConfig())).toEqual(firstConfig);
    await host.line('{"name":"q","n":1}');
    await host.line('{"name":"q","n":2}');
    await host.statusLines('started', 'loaded');
    expect(await world.arrived(2)).toEqual(['{"name":"q","n":1}', '{"name":"q","n":2}']);
    const statuses = await world.arrived(2, 'status');
    expect(statuses.map((line) => JSON.parse(line).message)).toEqual(['started', 'loaded']);

    const id = await server.query('SELECT 2 AS x');
    expect(await host.getQueries()).toEqual({ queries: { [id]: 'SELECT 2 AS x' } });
    await host.writeResults({
      queries: { [id]: [{ x: '2' }] },
      statuses: { [id]: 0 },
      messages: { [id]: '' },
    });
    const result = await clock.until(server.events.waitFor('result_received'));
    expect(result).toMatchObject({ node: 'the-host', query: id, status: 0, rows: 1 });

    expect(world.enrollments()).toBe(1);
    expect(server.nodes.map(({ hostIdentifier }) => hostIdentifier)).toEqual(['the-host']);
    expect(core.nodeKey()).toMatch(/^\S{8,}$/);
    expect(host.complaints()).toEqual([]);
  },
);
