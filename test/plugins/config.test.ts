import { describe, expect, test } from 'vitest';
import type { FaultReply } from '../../src/server/index.ts';
import { Flags } from '../../src/testing/index.ts';
import { firstConfig, flagsFor, World } from './support/world.ts';

const down: FaultReply = { status: 503, body: '{"error":"try later"}' };
const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

test('three strikes: a second attempt after 1 s, a third after 4 s more, then the reason', async () => {
  await using world = await World.create();
  world.faults.config = down;
  const host = await world.open();
  await expect(host.genConfig()).rejects.toThrow('HTTP 503: try later');
  const [first = 0, ...others] = world.faultyRequests('config');
  expect(others.map((at) => at - first)).toEqual([1000, 5000]);
});

test('--config_tls_max_attempts says how many', async () => {
  await using world = await World.create({ flags: ['--config_tls_max_attempts=1'] });
  world.faults.config = down;
  const host = await world.open();
  await expect(host.genConfig()).rejects.toThrow('HTTP 503');
  expect(world.faultyRequests('config')).toHaveLength(1);
});

describe('the last good configuration', () => {
  const nonsense: [string, FaultReply, RegExp][] = [
    [
      'a page',
      { body: '<html>proxy</html>', headers: { 'content-type': 'text/html' } },
      /the answer is no JSON: <html>proxy/,
    ],
    ['nothing with a 500', { status: 500 }, /HTTP 500/],
    ['nothing with a 200', { status: 200 }, /empty/],
    ['an error', { body: '{"error":"no such team"}' }, /no such team/],
    ['text that is no JSON', { body: '{"schedule":' }, /JSON/],
    ['a list', { body: '[]' }, /HTTP 200/],
    ['an object without members', { body: '{}' }, /the config is empty/],
    [
      'more than osqueryd takes',
      { body: `{"a":"${'x'.repeat(1024 * 1024)}"}` },
      /has 1048584 bytes, and osqueryd 5\.23\.0 takes 1048576: make it smaller/,
    ],
    ['a nesting of 33', { body: nested(33) }, /is nested 33 deep, and osqueryd takes 32/],
  ];

  test.each(nonsense)('is given when the server answers with %s', async (_, fault, reason) => {
    await using world = await World.create();
    const host = await world.open();
    const good = await host.genConfig();
    world.faults.config = fault;

    expect(await host.genConfig()).toBe(good);
    expect(host.service.config.status().stale).toBe(true);
    expect(await host.genConfig()).toBe(good);
    // Told once.
    expect(host.complaints()).toEqual([
      expect.stringMatching(/^warning config: [^\n]*; osqueryd gets the last good one$/),
    ]);
    expect(host.complaints()[0]).toMatch(reason);
    delete world.faults.config;
    world.server.setConfig({ options: { new: true } });
    expect(JSON.parse(await host.genConfig())).toEqual({ options: { new: true } });
    expect(host.service.config.status().stale).toBe(false);
  });

  test('is given at the start when the server is away', async () => {
    await using world = await World.create();
    const first = await world.open();
    const good = await first.genConfig();
    const { hash } = first.service.config.status();
    await first.close();
    world.away = true;

    const second = await world.open();
    const asked = world.clock.monotonic();
    expect(await second.genConfig()).toBe(good);
    expect(world.clock.monotonic() - asked).toBeLessThanOrEqual(30_000);
    expect(second.service.config.status()).toMatchObject({ hash, stale: true });
  });

  test('is given in time when the server takes connections and never answers', async () => {
    await using world = await World.create();
    const host = await world.open();
    const good = await host.genConfig();
    world.faults.config = 'hang';
    world.clock.hopeless = true;
    const asked = world.clock.monotonic();
    expect(await host.genConfig()).toBe(good);
    expect(world.clock.monotonic() - asked).toBeLessThanOrEqual(60_000);
  });
});

describe('without any configuration osqueryd gets status 1 within 60 s', () => {
  test.each(['config', 'enroll'] as const)('when %s hangs', async (endpoint) => {
    await using world = await World.create();
    world.faults[endpoint] = 'hang';
    const host = await world.open();
    if (endpoint === 'config') await world.clock.until(world.server.events.waitFor('enrolled'));
    world.clock.hopeless = true;
    const asked = world.clock.monotonic();
    await expect(host.genConfig()).rejects.toThrow(/no node key within 54 s|no answer within/);
    const tookMs = world.clock.monotonic() - asked;
    expect(tookMs).toBeGreaterThan(40_000);
    expect(tookMs).toBeLessThanOrEqual(60_000);
  });

  test('when the plugins are asked before anything is open', async () => {
    await using world = await World.create();
    const host = world.register();
    const asked = world.clock.monotonic();
    await expect(host.genConfig()).rejects.toThrow('osquery-remote is still starting');
    expect(world.clock.monotonic() - asked).toBeLessThanOrEqual(60_000);
  });
});

describe('when the first load failed', () => {
  test('and osqueryd never asks again, the configuration is brought to it, outside of any call', async () => {
    await using world = await World.create();
    world.faults.config = down;
    const host = await world.open();
    await expect(host.genConfig()).rejects.toThrow('HTTP 503');
    await world.clock.pass(600_000);
    expect(world.core.pushed).toEqual([]);
    delete world.faults.config;

    await world.clock.pass(330_000);
    expect(world.core.pushed).toEqual([
      { source: 'remote', data: JSON.stringify(firstConfig), insideCall: false },
    ]);
    expect(host.service.config.status().stale).toBe(false);
    // Once is enough.
    await world.clock.pass(3_600_000);
    expect(world.core.pushed).toHaveLength(1);
  });

  test('and osqueryd asks again by itself, nothing is brought to it', async () => {
    await using world = await World.create({ flags: ['--config_refresh=300'] });
    world.faults.config = down;
    const host = await world.open();
    await expect(host.genConfig()).rejects.toThrow('HTTP 503');
    delete world.faults.config;
    await world.clock.pass(3_600_000);
    expect(world.core.pushed).toEqual([]);
    expect(JSON.parse(await host.genConfig())).toEqual(firstConfig);
  });

  test('and osqueryd does not take what is brought, this is told, and it is brought again', async () => {
    await using world = await World.create();
    world.faults.config = down;
    world.core.updateReply = { code: 1, message: 'Error parsing the config JSON', rows: [] };
    const host = await world.open();
    await expect(host.genConfig()).rejects.toThrow('HTTP 503');
    delete world.faults.config;
    await world.clock.pass(60_000);
    expect(host.complaints().join('\n')).toContain('osqueryd has not taken the configuration');
    expect(host.complaints().join('\n')).toContain('Error parsing the config JSON');
    world.core.updateReply = { code: 0, message: 'OK', rows: [] };
    const refused = world.core.pushed.length;
    await world.clock.pass(600_000);
    expect(world.core.pushed).toHaveLength(refused + 1);
    expect(host.service.config.status().stale).toBe(false);
  });
});

test('a refused key is replaced in the same call', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.genConfig();
  await world.server.revoke('the-host');
  world.server.setConfig({ options: { new: true } });
  expect(JSON.parse(await host.genConfig())).toEqual({ options: { new: true } });
  expect(world.enrollments()).toBe(2);
});

test('flags that a configuration changes count soon after it was given', async () => {
  await using world = await World.create();
  const host = await world.open();
  await host.line('{"n":1}');
  await world.arrived(1);
  world.core.flags = new Flags([...flagsFor(world.dir, world.server), '--logger_tls_period=600']);
  await host.genConfig();
  await world.clock.pass(30_000);

  const given = world.clock.monotonic();
  await host.line('{"n":2}');
  await host.line('{"n":3}');
  await world.arrived(3);
  expect(world.clock.monotonic() - given).toBeGreaterThan(500_000);
});

test('node_invalid does not reach osqueryd, and the rest keeps its bytes', async () => {
  await using world = await World.create();
  world.faults.config = { body: '{ "node_invalid": false, "options": {"a":9007199254740993} }' };
  const host = await world.open();
  expect(await host.genConfig()).toBe('{"options": {"a":9007199254740993}}');
});
