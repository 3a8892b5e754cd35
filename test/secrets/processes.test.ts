import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, test } from 'vitest';
import { RealHost } from '../disk/support/real-host.ts';
import { ensureBuilt } from '../package/build.ts';
import { canaries } from './support/canaries.ts';
import { forms, tracesIn } from './support/forms.ts';
import { KnowingServer } from './support/knowing-server.ts';
import { QuotingProxy } from './support/quoting-proxy.ts';
import { type Deed, isDone, order, type Place, spillingModule, type Way } from './support/spilling-module.ts';

beforeAll(ensureBuilt, 120_000);

const poll = { timeout: 20_000, interval: 20 };
/** Most of the time of these tests is spent waiting. */
const options = { timeout: 60_000, concurrent: true };

/** One deed for each form. */
const inEveryForm = (way: Way) => Object.keys(forms).map((form) => `${way} ${form}` as Deed);

/** The extension that is shipped, which says all it can, with a server and a proxy that it gives all secrets to. */
async function start(
  server: KnowingServer,
  proxy: QuotingProxy,
  {
    keepsKey = false,
    deeds = {},
  }: { keepsKey?: boolean; deeds?: Partial<Record<Place, readonly Deed[]>> } = {},
): Promise<RealHost> {
  const given = {
    server,
    secret: canaries.secret,
    arguments: ['--verbose'],
    env: (dir: string) => ({ OSQUERY_REMOTE_TRANSPORT: join(dir, 'module.mjs') }),
    flags: {
      proxy_hostname: `me:${canaries.password}@127.0.0.1:${proxy.port}`,
      tls_dump: 'true',
      tls_secret_always: 'true',
      config_tls_max_attempts: '1',
      distributed_tls_max_attempts: '1',
      logger_tls_backoff_max: '1',
    },
  };
  return RealHost.start(given, (dir) => {
    writeFileSync(join(dir, 'module.mjs'), spillingModule(keepsKey), { mode: 0o600 });
    for (const [place, list] of Object.entries(deeds)) order(dir, place as Place, list);
  });
}

/** What can be read of a host, by people and by the server. */
class Readable {
  #text = '';
  readonly #host: RealHost;

  constructor(host: RealHost) {
    this.#host = host;
  }

  /** Calls a plugin. As osqueryd does, hands over what it is told of a failure as a status line. */
  async call(registry: string, request: Readonly<Record<string, string>>): Promise<void> {
    const outcome = await this.#host.core.call(registry, 'remote', new Map(Object.entries(request)));
    if (outcome.kind !== 'answered') throw new Error(JSON.stringify(outcome));
    if (outcome.code === 0) return;
    this.#text += `${outcome.message}\n`;
    const line = { s: 1, f: 'x.cpp', i: 1, m: outcome.message, h: 'host', c: 'never', u: 1 };
    await this.call('logger', { status: 'true', log: JSON.stringify([line]) });
  }

  async rows(): Promise<string> {
    const names = ['remote_status', 'remote_outbox', 'remote_quarantine'];
    const tables = await Promise.all(names.map((name) => this.#host.table(name)));
    const rows = tables.flat().map((row) => JSON.stringify([...row]));
    this.#text += rows.join('\n');
    return rows.join('\n');
  }

  /** All of it: also what the process has printed, and the lines that came to the server. */
  all(server: KnowingServer): string {
    return [this.#text, this.#host.output(), ...server.lines].join('\n');
  }
}

test(
  'a module that says every secret in every way: none of them is printed, in a table, or among the lines',
  options,
  async ({ expect }) => {
    const server = new KnowingServer();
    await using proxy = await QuotingProxy.start();
    proxy.refusals = 1;
    await using host = await start(server, proxy, { deeds: { load: ['throwsLater all'] } });
    const readable = new Readable(host);
    /** Asks until the module has done all that it was told. */
    const ask = async (place: 'config' | 'distributed_read') => {
      const all = async () => {
        if (place === 'config') await readable.call('config', { action: 'genConfig' });
        else await readable.call('distributed', { action: 'getQueries' });
        await readable.rows();
        return isDone(host.dir, place);
      };
      await expect.poll(all, poll).toBe(true);
    };

    const ways = ['throws', 'throwsNoError', 'answers', 'answersWithPage'] as const;
    const deeds = [...ways.flatMap(inEveryForm), 'throwsLater all', 'forgetsToCatch all'] as const;
    order(host.dir, 'distributed_read', deeds);
    await ask('distributed_read');
    order(host.dir, 'config', ['throws all', 'answers plain']);
    await ask('config');
    order(host.dir, 'line', ['throws all']);
    await host.line('{"n":1}');
    await expect
      .poll(() => readable.rows(), poll)
      .toContain('the line hook failed: said as throws all: <hidden>');
    order(host.dir, 'log', ['throws all', 'throwsLater all']);
    await host.line('{"n":2}');
    await expect.poll(() => server.lines, poll).toContain('{"n":2}');
    await expect.poll(() => server.lines.join(), poll).toContain('said as answers plain: <hidden>');

    // The key is refused, and the new one comes in what is no answer.
    const odd = [
      { status: 401, body: '{"node_invalid":true}' },
      { body: '<p>Notice</p>{"node_key":"RecognOtherKeyRecogn"}' },
    ];
    server.answer = (endpoint) =>
      endpoint === (odd.length === 2 ? 'config' : 'enroll') ? odd.shift() : undefined;
    await ask('config');

    const text = readable.all(server);
    expect(tracesIn(text)).toEqual([]);
    // All of it was said, and went where it belongs.
    expect(isDone(host.dir, 'load')).toBe(true);
    const unsaid = deeds.filter((deed) => !new RegExp(`said as ${deed}: [\\W]*(text=)?<hidden>`).test(text));
    expect(unsaid).toEqual([]);
    expect(text).toContain('refuses the name or password of --proxy_hostname (407)');
    expect(text).toContain('the transport thread ended (said as throwsLater all: <hidden>');
    expect(text).toContain('the transport thread ended (said as forgetsToCatch all: <hidden>');
    expect(text).toContain('the answer is no JSON: <p>Notice</p>{"node_key":"<hidden>"}');
    expect(proxy.heard).toContain(
      Buffer.from(`me:${decodeURIComponent(canaries.password)}`).toString('base64'),
    );
    for (const value of [canaries.nodeKey, `Bearer ${canaries.token}`, JSON.stringify(canaries.secret)]) {
      expect(server.heard).toContain(value);
    }
  },
);

test('a module that says every secret before a first request has gone well', options, async ({ expect }) => {
  const server = new KnowingServer();
  await using proxy = await QuotingProxy.start();
  await using host = await start(server, proxy, {
    keepsKey: true,
    deeds: {
      enroll: ['throws all'],
      nodeKey: ['throws all', 'throwsLater all'],
    },
  });
  const readable = new Readable(host);
  await readable.rows();
  const text = readable.all(server);
  expect(tracesIn(text)).toEqual([]);
  expect(text).toContain('the transport thread ended (said as throwsLater all: <hidden>');
  expect(text).toContain('enroll attempt 1 failed: internal: said as throws all: <hidden>');
  expect(text).toContain('nodeKey.store() of the transport module failed: said as throws all: <hidden>');
  expect(server.heard).toContain(canaries.nodeKey);
});
