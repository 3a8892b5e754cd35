import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { expect, test } from 'vitest';
import { World } from './support/world.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `{"n":${i + 1}}`);

test('lines that come before anything is open arrive, first and in order', async () => {
  await using world = await World.create();
  const host = world.register();
  const early = [
    host.line('{"n":1}'),
    host.statusLines('early'),
    host.call('logger', { snapshot: '{"n":2}' }),
  ];
  await host.open();
  await Promise.all(early);
  await host.line('{"n":3}');

  expect(await world.arrived(3)).toEqual(numbered(3));
  expect((await world.arrived(1, 'status')).map((line) => JSON.parse(line).message)).toEqual(['early']);
});

test('a line is answered when it is in the journal; when that is long in coming, from memory', async () => {
  await using world = await World.create();
  const host = world.register();
  let answered = 0;
  const early = host.line('{"n":1}').then(() => answered++);
  await world.clock.pass(4900);
  expect(answered).toBe(0);
  await world.clock.pass(200);
  await early;
  // It waits once: each wait holds up the schedule.
  await host.line('{"n":2}');
  await host.open();
  expect(await world.arrived(2)).toEqual(numbered(2));
});

test('--tls_disable_status_log: status lines are taken and thrown away, also the early ones', async () => {
  await using world = await World.create({ flags: ['--tls_disable_status_log'] });
  const host = world.register();
  const early = host.statusLines('early');
  await host.open();
  await early;
  await host.statusLines('late');
  await host.line('{"n":1}');
  await world.arrived(1);
  await world.clock.pass(60_000);
  expect(world.written('status')).toEqual([]);
});

test('a server that is away for an hour gets every line once, in order, when it is back', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  world.away = true;
  for (let n = 1; n <= 60; n++) {
    await host.line(`{"n":${n}}`);
    await world.clock.pass(60_000);
  }
  expect(world.written()).toEqual([]);
  world.away = false;
  expect(await world.arrived(60)).toEqual(numbered(60));
  await world.clock.pass(3_600_000);
  expect(world.written()).toEqual(numbered(60));
  expect(world.enrollments()).toBe(1);
  // One line when it begins and none for each of the many attempts.
  expect(host.complaints().filter((line) => line.includes('log: '))).toHaveLength(1);
});

test('replies that get lost make nothing twice', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  world.faults.log = 'reset_after';
  for (const line of numbered(10)) await host.line(line);
  await world.clock.pass(60_000);
  delete world.faults.log;
  await host.line('{"n":11}');
  await world.arrived(11);
  await world.clock.pass(600_000);
  expect(world.written()).toEqual(numbered(11));
});

test('lines survive the process, and go out before those of the next one', async () => {
  await using world = await World.create();
  const first = await world.open();
  await first.genConfig();
  world.away = true;
  for (const line of numbered(5)) await first.line(line);
  await first.close();

  const second = world.register();
  const early = second.line('{"n":6}');
  await second.open();
  await early;
  world.away = false;
  expect(await world.arrived(6)).toEqual(numbered(6));
  expect(world.enrollments()).toBe(1);
});

test('bytes that are no UTF-8 and large numbers arrive as osqueryd wrote them', async () => {
  await using world = await World.create();
  const host = await world.open();
  const line = Buffer.from('{"columns":{"path":"/tmp/\xff\xfe","n":9007199254740993}}', 'latin1');
  await host.line(line);
  const [arrived] = await world.arrived(1);
  expect(Buffer.from(arrived ?? '', 'latin1')).toEqual(line);
});

test('the store: beside the database, for its owner alone', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.line('{"n":1}');
  await host.close();
  expect(statSync(world.storePath).mode & 0o777).toBe(0o700);
});

test('OSQUERY_REMOTE_STORE says where it is', async () => {
  await using world = await World.create();
  const place = `${world.dir}/elsewhere`;
  const host = await world.open({ OSQUERY_REMOTE_STORE: place });
  await host.close();
  expect(existsSync(place)).toBe(true);
  expect(existsSync(world.storePath)).toBe(false);
});

test('with --disable_database nothing stays behind', async () => {
  await using world = await World.create({ flags: ['--disable_database'] });
  const host = await world.open();
  await host.line('{"n":1}');
  await world.arrived(1);
  await host.close();
  expect(existsSync(world.storePath)).toBe(false);
});

test('a store that cannot be read keeps nothing from working', async () => {
  await using world = await World.create();
  for (let i = 0; i < 2; i++) {
    const host = await world.open();
    await host.line(`{"n":${i + 1}}`);
    await world.arrived(i + 1);
    await host.close();
  }
  const level = `${world.storePath}/level`;
  const tables = readdirSync(level).filter((name) => name.endsWith('.ldb'));
  expect(tables.length).toBeGreaterThan(0);
  for (const name of tables) truncateSync(`${level}/${name}`, 1);

  const host = await world.open();
  await host.line('{"n":3}');
  expect(await world.arrived(3)).toEqual(numbered(3));
  expect(world.enrollments()).toBe(1);
});

test('a setting that makes no sense is told once, however often flags are read', async () => {
  await using world = await World.create();
  const host = await world.open({ OSQUERY_REMOTE_SYNC: 'sometimes' });
  for (let i = 0; i < 3; i++) {
    await host.genConfig();
    await world.clock.pass(10_000);
  }
  expect(host.complaints()).toEqual([
    'warning OSQUERY_REMOTE_SYNC is "sometimes"; it takes never, interval or always, so it is ignored',
  ]);
});
