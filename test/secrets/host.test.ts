import { writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/plugins/index.ts';
import { inWorker } from '../../src/plugins/transport/index.ts';
import { Flags } from '../../src/testing/index.ts';
import { flagsFor, type Running, World } from '../plugins/support/world.ts';
import { canaries, leaksIn } from './support/canaries.ts';
import { KnowingServer } from './support/knowing-server.ts';
import { loadFailure, modules } from './support/modules.ts';
import { quoting } from './support/quoting.ts';

const askingServer = () => new KnowingServer('{"queries":{"q":"SELECT 1"}}');

/** A host that says all it can, with a module of the user. */
async function bringUp(script: KnowingServer, module: string, flags: readonly string[] = []) {
  const world = await World.create({ server: { intercept: script.intercept } });
  writeFileSync(join(world.dir, 'secret'), `${canaries.secret}\n`);
  world.core.flags = new Flags([
    ...flagsFor(world.dir, world.server),
    '--tls_dump=true',
    '--verbose=true',
    '--tls_secret_always=true',
    '--config_tls_max_attempts=1',
    ...flags,
  ]);
  const path = join(world.dir, 'module.mjs');
  writeFileSync(path, module, { mode: 0o600 });
  return { world, path };
}

/** Makes every call that osqueryd makes. @returns what it was told of those that failed */
async function askForAll(host: Running, world: World): Promise<string[]> {
  const failures: string[] = [];
  const note = (error: unknown) => failures.push(String(error));
  await host.genConfig().catch(note);
  await world.clock.until(host.call('config', { action: 'genPack', name: 'p', value: 'pack' })).catch(note);
  await host.line('{"n":1}').catch(note);
  await host.statusLines('hello').catch(note);
  await host.getQueries().catch(note);
  await host.writeResults({ queries: { q: [] }, statuses: { q: 0 } }).catch(note);
  await world.clock.pass(120_000);
  return failures;
}

/** The rows of all tables, as a query sees them. */
async function rowsOf(service: Service): Promise<string> {
  const replies = service.tables().map((table) => {
    const context = JSON.stringify({ constraints: [], colsUsed: ['line', 'reason', 'last_error'] });
    return table.call(
      new Map([
        ['action', Buffer.from('generate')],
        ['context', Buffer.from(context)],
      ]),
    );
  });
  let text = '';
  for (const { code, message, rows } of await Promise.all(replies)) {
    expect(`${code} ${message}`).toMatch(/^0 /);
    for (const row of rows) for (const [name, value] of row) text += `${name}=${Buffer.from(value)} `;
  }
  return text;
}

/** All that a person, or the server, may come to read. */
async function readable(host: Running, world: World, failures: readonly string[]): Promise<string> {
  const rows = await rowsOf(host.service);
  expect(rows).toContain('endpoint=');
  const everything = [...host.log, ...failures, rows, ...world.written(), ...world.written('status')];
  return everything.join('\n').replaceAll(world.dir, '');
}

async function expectSilence(
  script: KnowingServer,
  module: string,
  flags: readonly string[] = [],
): Promise<string> {
  const { world, path } = await bringUp(script, module, flags);
  await using _ = world;
  const spawn = inWorker({ module: path });
  const host = world.register({ OSQUERY_REMOTE_TRANSPORT: path });
  await host.open(spawn);
  const before = await askForAll(host, world);
  const text = await readable(host, world, before);
  expect(leaksIn(text)).toEqual([]);
  return text;
}

describe('no secret can be read anywhere when every answer is', () => {
  test.each(Object.entries(quoting))('%s', { timeout: 60_000 }, async (_, answer) => {
    const script = askingServer();
    // First all is well, so that there is a key; then nothing is, the next enrollment included.
    let requests = 0;
    script.answer = (_endpoint, request) => (++requests > 3 ? answer(request) : undefined);
    const text = await expectSilence(script, modules['that adds a token']);
    expect(text).toMatch(/<hidden>|closed the connection|redirect/);
    // They are where they belong.
    const { nodeKey, token, apiKey, secret } = canaries;
    const inUri = encodeURIComponent(secret).replaceAll("'", '%27');
    const missing = [nodeKey, token, apiKey, inUri].filter((value) => !script.heard.includes(value));
    expect(missing).toEqual([]);
  });
});

describe('no secret can be read anywhere with a module', () => {
  test.each(Object.entries(modules))('%s', { timeout: 60_000 }, async (name, module) => {
    const text = await expectSilence(askingServer(), module);
    if (/thread$/.test(name)) expect(text).toMatch(/the transport thread ended \(.*<hidden>/);
    else if (name !== 'that adds a token') expect(text).toContain('<hidden>');
  });

  test('that reads the enroll secret and does not load', async () => {
    const script = askingServer();
    const { world, path } = await bringUp(script, '');
    await using _ = world;
    writeFileSync(path, loadFailure(join(world.dir, 'secret')));
    const host = world.register({ OSQUERY_REMOTE_TRANSPORT: path });
    await host.open(inWorker({ module: path }));
    const text = await readable(host, world, await askForAll(host, world));
    expect(leaksIn(text)).toEqual([]);
    expect(text).toContain('it failed to load: cannot use <hidden>');
  });
});

describe('no secret can be read anywhere when', () => {
  test('the proxy does not take the password, and quotes it', async () => {
    const proxy = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (head) => {
        const body = `you sent ${head}: me:${canaries.password}`;
        socket.end(
          `HTTP/1.1 407 ${canaries.password}\r\nProxy-Authenticate: Basic realm="${canaries.password}"\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const address = proxy.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const flags = [`--proxy_hostname=me:${canaries.password}@127.0.0.1:${port}`];
      const text = await expectSilence(askingServer(), modules['that adds a token'], flags);
      expect(text).toContain('refuses the name or password of --proxy_hostname (407)');
    } finally {
      proxy.close();
    }
  });

  test.each([
    ['is not there', 'none:'],
    ['has no name', ''],
  ])('the proxy %s', async (_, host) => {
    const flags = [`--proxy_hostname=me:${canaries.password}@${host}1`];
    await expectSilence(askingServer(), modules['that adds a token'], flags);
  });

  test('the client key is none', async () => {
    const script = askingServer();
    const { world, path } = await bringUp(script, modules['that adds a token']);
    await using _ = world;
    const key = join(world.dir, 'client.key');
    const lines = `-----BEGIN PRIVATE KEY-----\n${canaries.clientKey}\n-----END PRIVATE KEY-----\n`;
    writeFileSync(key, lines, { mode: 0o600 });
    world.core.flags = new Flags([
      ...flagsFor(world.dir, world.server),
      `--tls_client_key=${key}`,
      `--tls_client_cert=${world.server.caFile}`,
    ]);
    const host = world.register();
    await host.open(inWorker({ module: path }));
    const text = await readable(host, world, await askForAll(host, world));
    expect(leaksIn(text)).toEqual([]);
    expect(text).toContain('--tls_client_');
  });

  test('the secret is not the right one, and the server says which one it got', async () => {
    const script = askingServer();
    script.answer = (_endpoint, request) => ({
      status: 403,
      body: JSON.stringify({ error: `wrong: ${Buffer.from(request.body)}` }),
    });
    expect(await expectSilence(script, modules['that adds a token'])).toContain('HTTP 403: wrong: ');
  });

  test('a server still talks of an earlier key', async () => {
    const script = askingServer();
    let enrollments = 0;
    script.answer = (endpoint) => {
      if (endpoint === 'enroll' && enrollments++ > 0) return { body: '{"node_key":"another-key"}' };
      if (endpoint === 'enroll') return undefined;
      const body = { error: `${canaries.nodeKey} was replaced`, node_invalid: enrollments < 2 };
      return { status: enrollments < 2 ? 401 : 500, body: JSON.stringify(body) };
    };
    expect(await expectSilence(script, modules['that adds a token'])).toContain('<hidden> was replaced');
    expect(enrollments).toBe(2);
  });
});
