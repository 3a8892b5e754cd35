import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock/index.ts';
import { Extension, ExtensionManager, type Plugin } from '../../src/extension/index.ts';
import { RemotePlugins, Service } from '../../src/plugins/index.ts';
import { outboxTable, statusTable } from '../../src/plugins/tables/index.ts';
import { inProcess } from '../../src/plugins/transport/index.ts';
import type { Fault } from '../../src/server/index.ts';
import { StandInOsqueryd } from '../../src/testing/index.ts';
import { DoctorBench, secret } from './doctor-bench.ts';

let bench: DoctorBench;
beforeEach(async () => {
  bench = await DoctorBench.create();
});
afterEach(() => bench.close());

const enrolling = (change = {}) => ['--json', '--enroll', '--flagfile', bench.flagFile(change)];

test('a host on which all is well enrolls when it is told to, and shows neither secret nor key', async () => {
  let key = '';
  bench.server.events.subscribe((event) => {
    if (event.kind === 'enrolled') key = JSON.stringify(event);
  });
  const { code, problems, out, of } = await bench.examine({}, { argv: enrolling() });
  expect([code, problems]).toEqual([0, []]);
  expect(of('enroll')[0]).toMatch(
    /^ok enroll: the server gave a node key to \S+-osquery-remote-doctor; remove that node there$/,
  );
  expect(['key', 'config', 'log', 'read', 'write'].flatMap(of)).toEqual([
    'ok key: the new one',
    'ok config: a config of 15 bytes',
    'ok log: an empty log is taken',
    'ok read: no queries are waiting for this host',
    'ok write: empty results are taken',
  ]);
  expect(key).not.toBe('');
  expect(out).not.toContain(secret);
  expect(out).not.toMatch(/node_key/);
});

test('without being told to it does not enroll, and says what it did not try', async () => {
  const { code, of } = await bench.examine();
  expect(code).toBe(0);
  expect(['enroll', 'key', 'config', 'log', 'read', 'write'].flatMap(of)).toEqual([
    'skipped enroll: not tried, as it makes a node on the server (--enroll)',
    'skipped key: not known, since osqueryd does not run: start it, or let the doctor enroll (--enroll)',
    'skipped config: not tried: first key must be in order',
    'skipped log: not tried: first key must be in order',
    'skipped read: not tried: first key must be in order',
    'skipped write: not tried: first key must be in order',
  ]);
  expect(bench.server.events.seen.filter(({ kind }) => kind === 'enrolled')).toEqual([]);
});

describe('an enrollment', () => {
  test('with a wrong secret', async () => {
    bench.write('secret', 'another-made-up-secret\n', 0o600);
    const { code, of, out } = await bench.examine({}, { argv: enrolling() });
    expect(code).toBe(1);
    expect(of('enroll')[0]).toMatch(
      /^failure enroll: the server gives no node key: HTTP 200.* → compare the enroll secret with that of the server$/,
    );
    expect(of('key')[0]).toMatch(/^skipped key: /);
    expect(out).not.toContain('another-made-up-secret');
  });

  test('at a path that the server does not have, or that is not set', async () => {
    const wrong = await bench.examine({}, { argv: enrolling({ enroll_tls_endpoint: '/nothing' }) });
    expect(wrong.of('enroll')[0]).toMatch(
      /^failure enroll: HTTP 404.* → correct --enroll_tls_endpoint, or look at the log of the server$/,
    );
    const none = await bench.examine({}, { argv: enrolling({ enroll_tls_endpoint: undefined }) });
    expect(none.of('enroll')).toEqual(['skipped enroll: not tried: --enroll_tls_endpoint is not set']);
  });
});

describe('an endpoint', () => {
  const answers = async (fault: Fault) => {
    bench.server.faults.add({ endpoint: 'config', fault });
    bench.server.faults.add({ endpoint: 'log', fault });
    const { of } = await bench.examine({}, { argv: enrolling() });
    return [...of('config'), ...of('log')];
  };

  test('that does not know the key', async () => {
    expect(await answers({ status: 200, body: '{"node_invalid":true,"error":"who are you"}' })).toEqual([
      'failure config: the server does not know the node key: HTTP 200: who are you → the extension enrolls again by itself; if this stays so, try --enroll',
      'failure log: the server does not know the node key: HTTP 200: who are you → the extension enrolls again by itself; if this stays so, try --enroll',
    ]);
  });

  test('that does not let us in', async () => {
    expect(await answers({ status: 403, body: '' })).toEqual([
      'failure config: HTTP 403 → the server, or something in front of it, does not let this host in: look at its log',
      'failure log: HTTP 403 → the server, or something in front of it, does not let this host in: look at its log',
    ]);
  });

  test('that has trouble', async () => {
    expect(await answers({ status: 500, body: '' })).toEqual([
      'failure config: HTTP 500 → look at the log of the server',
      'failure log: HTTP 500 → look at the log of the server',
    ]);
  });

  test('behind a page for people', async () => {
    expect((await answers({ status: 200, body: '<html>Sign in</html>' }))[0]).toBe(
      'failure config: HTTP 200: the answer is no JSON: <html>Sign in</html> → something other than the server answers, a proxy or a login page for example',
    );
  });

  test('that wants more than nothing', async () => {
    expect((await answers({ status: 400, body: '{"error":"data is empty"}' }))[1]).toBe(
      'warning log: an empty request is not taken, which may be in order: HTTP 400: data is empty',
    );
  });

  test('that leads elsewhere, or asks for patience', async () => {
    bench.server.faults.add({
      endpoint: 'config',
      fault: { status: 302, headers: { location: '/there' }, body: '' },
    });
    bench.server.faults.add({ endpoint: 'log', fault: { status: 429, body: '' } });
    const { of } = await bench.examine({}, { argv: enrolling() });
    expect(of('config')).toEqual([
      'failure config: HTTP 302: redirect not followed → give the address to which it leads in --tls_hostname or --config_tls_endpoint',
    ]);
    expect(of('log')).toEqual(['failure log: HTTP 429 → the server is asked too often; try again later']);
  });

  test('at another path, or at none', async () => {
    const change = { config_tls_endpoint: '/nothing', logger_tls_endpoint: undefined };
    const { of } = await bench.examine({}, { argv: enrolling(change) });
    expect(of('config')[0]).toMatch(/^failure config: HTTP 404.* → correct --config_tls_endpoint=\/nothing$/);
    expect(of('log')).toEqual(['skipped log: not tried: --logger_tls_endpoint is not set']);
  });

  test('that nobody asks', async () => {
    const change = { config_plugin: 'filesystem', disable_distributed: 'true' };
    const { of } = await bench.examine({}, { argv: enrolling(change) });
    expect([...of('config'), ...of('read')]).toEqual([
      'ok config: not used: no config plugin is called remote',
      'ok read: not used: no distributed plugin is called remote',
    ]);
  });

  test('with a query for this host: it is offered again until it is answered', async () => {
    const first = await bench.examine({}, { argv: enrolling() });
    expect(first.code).toBe(0);
    bench.server.faults.add({
      endpoint: 'distributed_read',
      fault: { status: 200, body: '{"queries":{"1":"SELECT 1"}}' },
    });
    const { of } = await bench.examine({}, { argv: enrolling() });
    expect(of('read')).toEqual(['ok read: 1 query is waiting for this host']);
  });
});

describe('a running osqueryd', () => {
  let standIn: StandInOsqueryd;
  let stopHost: () => Promise<void>;

  /** osqueryd with the extension, both in this process. */
  async function startHost(register = true): Promise<string> {
    const socket = bench.path('osq.em');
    mkdirSync(bench.path('log'));
    writeFileSync(bench.path('osquery.conf'), '{}');
    const flags = { ...bench.flags, extension: '', logger_path: bench.path('log') };
    const own = register
      ? {}
      : {
          config_plugin: 'filesystem',
          config_path: bench.path('osquery.conf'),
          logger_plugin: 'stdout',
          disable_distributed: 'true',
        };
    standIn = new StandInOsqueryd({
      argv: Object.entries({ ...flags, ...own }).map(([name, value]) => `--${name}=${value}`),
      env: { OSQUERY_EXTENSIONS: 'true' },
      print: () => {},
    });
    const started = standIn.next(({ kind }) => kind === 'worker_started');
    standIn.start();
    if (!register) {
      await started;
      stopHost = async () => void (await standIn.stop());
      return socket;
    }
    const remote = new RemotePlugins(systemClock);
    const extension = new Extension({
      name: 'osquery-remote',
      plugins: remote.plugins,
      socket,
      timeoutMs: 20_000,
    });
    await extension.start();
    const ending = new AbortController();
    const service = await Service.open({
      manager: new ExtensionManager(socket),
      intake: remote.intake,
      clock: systemClock,
      env: {},
      log: () => {},
      signal: ending.signal,
      spawn: inProcess(),
    });
    remote.attach(service);
    await service.settled();
    const tables = new Extension({
      name: 'osquery-remote-tables',
      plugins: service.tables(),
      socket,
      timeoutMs: 20_000,
    });
    await tables.start();
    stopHost = async () => {
      ending.abort(new Error('over'));
      await standIn.stop();
      await Promise.all([extension.stop('over'), tables.stop('over')]);
      await service.close();
    };
    return socket;
  }
  afterEach(() => stopHost());

  test('tells its flags, and has the key for the endpoints', async () => {
    const socket = await startHost();
    const key = (await new ExtensionManager(socket).database.get('configurations', 'nodeKey')) ?? '';
    const { code, problems, of, out } = await bench.examine({}, { argv: ['--json', '--socket', socket] });
    // The stand-in runs ours without having started it.
    expect(problems).toEqual([
      'warning extension: osqueryd loads no extension by itself: one that is started by hand must be there before osqueryd asks for it → --extension=<prefix>/lib/node_modules/osquery-remote/bin/osquery-remote.ext (npm prefix --global)',
    ]);
    expect(code).toBe(0);
    expect(of('osqueryd')[0]).toMatch(
      /^ok osqueryd: osqueryd 5\.\S+ answers at <dir>\/osq\.em, and osquery-remote is registered$/,
    );
    expect(of('store')[0]).toMatch(/in use by .* \(pid \d+\), /);
    expect(['key', 'config', 'log', 'read', 'write'].flatMap(of).map((text) => text.split(':')[0])).toEqual([
      'ok key',
      'ok config',
      'ok log',
      'ok read',
      'ok write',
    ]);
    expect(key.length).toBeGreaterThan(8);
    expect(out).not.toContain(key);
    expect(out).not.toContain(secret);
    // The file of its flags says something else.
    const other = await bench.examine({ tls_hostname: 'localhost:1' });
    expect(other.of('osqueryd')).toContain(
      'warning osqueryd: osqueryd runs with other values of --extension, --tls_hostname → restart it, if these flags are its',
    );
  });

  test('with a server that has trouble fails', async () => {
    const socket = await startHost();
    bench.server.faults.add({ endpoint: 'config', fault: { status: 503, body: '' } });
    const examined = await bench.examine({}, { argv: ['--json', '--socket', socket] });
    expect(examined.of('config')).toEqual(['failure config: HTTP 503 → look at the log of the server']);
    expect(examined.code).toBe(1);
  });

  test('in which things are stuck', async () => {
    const socket = await startHost(false);
    const now = systemClock.now();
    const register = async (name: string, plugins: readonly Plugin[]) => {
      const extension = new Extension({ name, plugins, socket });
      await extension.start();
      const stop = stopHost;
      stopHost = async () => {
        await extension.stop('over');
        await stop();
      };
    };
    const examined = async () =>
      (await bench.examine({}, { argv: ['--json', '--socket', socket] })).of('osqueryd');
    await register('osquery-remote', []);
    expect((await examined())[0]).toBe(
      'warning osqueryd: the tables remote_status and remote_outbox are not there yet → they come after the first config; try again in a minute',
    );
    const none = {
      bytes: 0,
      dropped: 0,
      batches: 0,
      delivered: 0,
      lastErrorAt: 0,
      lastDeliveredAt: 0,
      nextAttemptAt: 0,
    };
    const fine = { ...none, lines: 0, oldestAgeMs: 0, quarantined: 0, lastError: '' };
    const endpoint = {
      attempts: 1,
      latencyMs: 1,
      lastSuccessAt: now - 60_000,
      lastErrorAt: 0,
      lastError: '',
    };
    await register('osquery-remote-tables', [
      outboxTable({
        stats: () => [
          { ...fine, stream: 'result', lines: 7, oldestAgeMs: 3_600_000, lastError: 'HTTP 503' },
          { ...fine, stream: 'status', lines: 3, oldestAgeMs: 5_000 },
          { ...fine, stream: 'distributed', quarantined: 2 },
        ],
      }),
      statusTable({
        clock: systemClock,
        endpoints: () => [
          { ...endpoint, endpoint: 'enroll', lastErrorAt: now, lastError: 'not said twice' },
          { ...endpoint, endpoint: 'config', lastErrorAt: now - 90_000, lastError: 'is over' },
          { ...endpoint, endpoint: 'log', lastErrorAt: now, lastError: 'HTTP 503' },
        ],
        enrollment: () => ({
          enrolled: false,
          lastReason: 'first start',
          lastError: 'wrong secret',
          nextAttemptMs: 1000,
          attempts: 1,
        }),
        config: () => ({ hash: '', fetchedAt: 0, stale: true }),
      }),
    ]);
    expect((await examined()).slice(0, -1)).toEqual([
      'failure osqueryd: the extension is not enrolled: wrong secret → see the steps below',
      'warning osqueryd: osqueryd has an older config: the server was not reached, or did not answer with one → see config below',
      'warning osqueryd: the last log request failed: HTTP 503',
      'warning osqueryd: 7 lines of the result stream wait, the oldest for 3600 s: HTTP 503',
      'warning osqueryd: 2 lines of the distributed stream are in quarantine → osquery-remote outbox quarantine',
    ]);
  });

  test('without the extension', async () => {
    const socket = await startHost(false);
    const { of } = await bench.examine({}, { argv: ['--json', '--socket', socket] });
    expect(of('osqueryd')[0]).toBe(
      'warning osqueryd: osquery-remote is not registered with osqueryd (no extension is) → the log of osqueryd says why: it holds what the extension prints',
    );
    // Its flags are not these; the file is of a host that uses us.
    expect((await bench.examine()).of('osqueryd')).toContain(
      'failure osqueryd: osquery-remote is not registered with osqueryd (no extension is) → the log of osqueryd says why: it holds what the extension prints',
    );
    expect(of('key')).toEqual(['skipped key: osqueryd has none yet; the doctor can enroll (--enroll)']);
  });
});
