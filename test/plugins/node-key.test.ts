import { rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { send } from '../server/support/client.ts';
import { firstConfig, secret, World } from './support/world.ts';

/** Seconds since the epoch at which the virtual clock starts. */
const startS = Date.UTC(2026, 0, 1) / 1000;

test('a new key is kept in the store and in the database of osqueryd, with the time of the request', async () => {
  await using world = await World.create();
  const { core } = world;
  const first = await world.open();
  await first.genConfig();
  await expect.poll(() => core.nodeKey()).toMatch(/^\S{8,}$/);
  const key = core.nodeKey();
  expect(core.nodeKeyTime()).toBe(String(startS));
  await first.close();
  // The database is lost, the store is not.
  core.database.remove('configurations', 'nodeKey');

  const second = await world.open();
  expect(JSON.parse(await second.genConfig())).toEqual(firstConfig);
  expect(world.enrollments()).toBe(1);
  expect(core.nodeKey()).toBe(key);
});

test('a host that changes from the built-in plugins goes on with its key', async () => {
  await using world = await World.create();
  const { json } = await send(world.server, '/enroll', {
    enroll_secret: secret,
    host_identifier: 'the-host',
    platform_type: '9',
  });
  const key = (json as { node_key: string }).node_key;
  world.core.setNodeKey(key, startS - 1000);

  const host = await world.open();
  expect(JSON.parse(await host.genConfig())).toEqual(firstConfig);
  await host.line('{"n":1}');
  await world.arrived(1);
  expect(world.enrollments()).toBe(1);
  expect(world.core.nodeKey()).toBe(key);
  expect(world.core.nodeKeyTime()).toBe(String(startS - 1000));
});

test('after a refusal a newer key in the database of osqueryd is taken, and none is asked for', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  await expect.poll(() => world.core.nodeKey()).toBeDefined();
  await world.clock.pass(60_000);
  // The built-in carver enrolled: the server knows the key of before no longer.
  const { json } = await send(world.server, '/enroll', {
    enroll_secret: secret,
    host_identifier: 'the-host',
    platform_type: '9',
  });
  const key = (json as { node_key: string }).node_key;
  world.core.setNodeKey(key, startS + 60);

  await host.line('{"n":1}');
  expect(await world.arrived(1)).toEqual(['{"n":1}']);
  expect(world.enrollments()).toBe(2);
  expect(world.core.nodeKey()).toBe(key);
});

test('an older key in the database of osqueryd is not taken', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  await expect.poll(() => world.core.nodeKey()).toBeDefined();
  await world.server.revoke('the-host');
  world.core.setNodeKey('somebody-elses-key', startS - 1);

  await host.line('{"n":1}');
  await world.arrived(1);
  expect(world.enrollments()).toBe(2);
  await expect.poll(() => world.core.nodeKey()).not.toBe('somebody-elses-key');
});

test('a refused key is one new enrollment, whoever noticed, and no line is lost', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  await world.server.revoke('the-host');

  for (let n = 1; n <= 50; n++) await host.line(`{"n":${n}}`);
  await host.statusLines('one', 'two');
  const [config, queries] = await Promise.all([host.genConfig(), host.getQueries()]);

  expect(JSON.parse(config)).toEqual(firstConfig);
  expect(queries).toEqual({ queries: {} });
  expect(await world.arrived(50)).toEqual(Array.from({ length: 50 }, (_, i) => `{"n":${i + 1}}`));
  await world.arrived(2, 'status');
  await world.clock.pass(3_600_000);
  expect(world.enrollments()).toBe(2);
  expect(world.written()).toHaveLength(50);
});

test('a wrong secret is one clear line, attempts become rarer, and a mended secret heals without a restart', async () => {
  await using world = await World.create({ server: { secrets: ['the-right-one'] } });
  const host = await world.open();
  await host.line('{"n":1}');
  await expect(host.genConfig()).rejects.toThrow(/(not enrolled|no node key).*: HTTP 200: node_invalid/);
  await world.clock.pass(3_600_000);
  const refused = world.server.events.seen.filter(({ kind }) => kind === 'enroll_refused').length;
  expect(refused).toBeGreaterThan(3);
  expect(refused).toBeLessThanOrEqual(22);
  expect(host.log.join('\n')).not.toContain(secret);

  writeFileSync(`${world.dir}/secret`, 'the-right-one\n');
  expect(await world.arrived(1)).toEqual(['{"n":1}']);
});

test('a host of which the store is lost goes on with the key in the database', async () => {
  await using world = await World.create();
  const first = await world.open();
  await first.genConfig();
  await expect.poll(() => world.core.nodeKey()).toBeDefined();
  await first.close();
  rmSync(world.storePath, { recursive: true });

  const second = await world.open();
  await second.genConfig();
  expect(world.enrollments()).toBe(1);
});

test('only a host that uses the plugins enrolls by itself', async () => {
  await using world = await World.create({
    flags: ['--config_plugin=filesystem', '--logger_plugin=filesystem'],
  });
  await world.open();
  await world.clock.pass(600_000);
  expect(world.enrollments()).toBe(0);
});
