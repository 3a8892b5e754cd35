import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { RealHost } from '../disk/support/real-host.ts';
import { ensureBuilt } from '../package/build.ts';
import { canaries } from './support/canaries.ts';
import { KnowingServer } from './support/knowing-server.ts';
import { order, spillingModule } from './support/spilling-module.ts';

beforeAll(ensureBuilt, 120_000);

const poll = { timeout: 20_000, interval: 20 };

/** A Node that starts with no umask at all, as the shells of some hosts do. */
const openNode = `#!/bin/sh\numask 000\nexec '${process.execPath}' "$@"\n`;

/** What is not for its owner alone, below the store and beside the socket of osqueryd. */
function openToOthers(dir: string): string[] {
  const store = join(dir, 'osquery.db.remote');
  const sockets = readdirSync(dir).filter((name) => /^osq\.em\.\d+$/.test(name));
  const paths = [store, ...files(store), ...sockets.map((name) => join(dir, name))];
  return paths.flatMap((path) => {
    // A file of the database may go while we look.
    const stat = statSync(path, { throwIfNoEntry: false });
    const mode = ((stat?.mode ?? 0) & 0o777).toString(8);
    const wanted = stat?.isFile() ? ['600'] : ['700'];
    if (stat === undefined || wanted.includes(mode)) return [];
    return [`${path.slice(dir.length)} ${mode}`];
  });
}

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true }).map((file) =>
    join(file.parentPath, file.name),
  );
}

test('all that is stored is for its owner alone, whatever the umask was, also after a restart and with a quarantine', {
  timeout: 60_000,
}, async () => {
  const server = new KnowingServer();
  server.answer = (endpoint) => (endpoint === 'log' ? 'reset' : undefined);
  await using host = await RealHost.start(
    {
      server,
      secret: canaries.secret,
      env: (dir) => ({
        OSQUERY_REMOTE_NODE: join(dir, 'node'),
        OSQUERY_REMOTE_TRANSPORT: join(dir, 'module.mjs'),
        // So that there are many segments of the journal.
        OSQUERY_REMOTE_BUFFER_MAX_BYTES: '262144',
      }),
      flags: { logger_tls_backoff_max: '1' },
    },
    (dir) => {
      writeFileSync(join(dir, 'node'), openNode, { mode: 0o755 });
      writeFileSync(join(dir, 'module.mjs'), spillingModule(false), { mode: 0o600 });
    },
  );
  const store = join(host.dir, 'osquery.db.remote');
  const segments = () => readdirSync(join(store, 'outbox'), { recursive: true }).length;
  const send = async (from: number, to: number) => {
    for (let n = from; n < to; n++) await host.line(`{"n":${n},"pad":"${'x'.repeat(1000)}"}`);
  };

  await send(0, 20);
  await expect.poll(segments, poll).toBeGreaterThan(3);
  expect(openToOthers(host.dir)).toEqual([]);

  await host.extension.kill();
  host.extension.start();
  // Its tables come after a first config.
  const config = () => host.core.call('config', 'remote', new Map([['action', 'genConfig']]));
  await expect.poll(config, poll).toMatchObject({ kind: 'answered', code: 0 });
  await send(20, 40);
  expect(openToOthers(host.dir)).toEqual([]);

  order(host.dir, 'line', ['throws plain']);
  server.answer = undefined;
  await expect.poll(() => host.table('remote_quarantine'), poll).toHaveLength(1);
  await expect.poll(() => server.lines.length, poll).toBeGreaterThanOrEqual(39);
  expect(openToOthers(host.dir)).toEqual([]);
  // What is looked at is there: the key, the quarantine, and a socket for each of both extensions.
  expect(files(store).map((path) => path.slice(store.length))).toEqual(
    expect.arrayContaining([expect.stringMatching(/^\/level\/.*\.(log|ldb)$/), '/outbox']),
  );
  expect(readdirSync(host.dir).filter((name) => /^osq\.em\.\d+$/.test(name)).length).toBeGreaterThanOrEqual(
    2,
  );
});
