import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ensureBuilt } from '../package/build.ts';
import { RealHost } from './support/real-host.ts';

beforeAll(ensureBuilt, 120_000);

/** The report of lost lines comes a minute after the last one, at the latest. */
const poll = { timeout: 80_000, interval: 50 };
const options = { timeout: 120_000 };
/** osqueryd gives a ping so much, and ends. */
const pingLimitMs = 10_000;

/** Hands lines over, with a little time between them. */
async function send(host: RealHost, count: number, { bytes = 100, everyMs = 0 } = {}): Promise<void> {
  for (let i = 0; i < count; i++) {
    const head = `{"n":${host.accepted + 1},"pad":"`;
    await host.line(`${head}${'x'.repeat(Math.max(0, bytes - head.length - 2))}"}`);
    if (everyMs > 0) await rest(everyMs);
  }
}

/** Every line is at the server, or the server was told that it is lost; each is there once, in order. */
async function expectAllAccountedFor(host: RealHost): Promise<{ delivered: number; lost: number }> {
  const count = () => ({ delivered: host.arrived().length, lost: host.reportedLost() });
  await expect
    .poll(() => {
      const { delivered, lost } = count();
      return delivered + lost;
    }, poll)
    .toBe(host.accepted);
  const numbers = host.arrived().map((line) => Number(/"n":(\d+)/.exec(line)?.[1]));
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  const { delivered, lost } = count();
  // The server has a batch before its answer has come.
  const result = async () => {
    const rows = await host.table('remote_outbox');
    return Object.fromEntries(rows.find((row) => row.get('stream') === 'result') ?? []);
  };
  await expect
    .poll(result, poll)
    .toMatchObject({ lines: '0', delivered: `${delivered}`, dropped: `${lost}`, quarantined: '0' });
  return { delivered, lost };
}

function expectPingsInTime(host: RealHost, what: string): void {
  const { p99, worst, late, count } = host.pings();
  console.log(
    `${what}: ${count} pings, p99 ${p99.toFixed(1)} ms, worst ${worst.toFixed(0)} ms, ${late} over 1 s`,
  );
  expect(p99).toBeLessThan(100);
  expect(late).toBeLessThanOrEqual(1);
  expect(host.failedPings).toEqual([]);
  expect(worst).toBeLessThan(pingLimitMs);
  expect(Math.max(...host.callTimes)).toBeLessThan(pingLimitMs);
  expect([host.extension.crashes, host.extension.earlyEnds]).toEqual([[], []]);
}

/** A server whose log endpoint can be taken away. */
function fickle() {
  const state = { away: false };
  const intercept = (endpoint: string) => (endpoint === 'log' && state.away ? 'reset' : undefined);
  return { state, server: { intercept } as const };
}

const isRoot = process.getuid?.() === 0;
const mounts = isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
/** A file system of its own for the store. Needs root. */
function mountStore(path: string, more: string): void {
  mkdirSync(path, { mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=0700,${more}`, 'osquery-remote-test', path]);
  mounted.push(path);
}
const mounted: string[] = [];
afterEach(() => {
  for (const path of mounted.splice(0)) spawnSync('umount', ['-l', path]);
});

describe.skipIf(!mounts)('a file system of its own (only root can mount one)', () => {
  test('that is full: lines are answered, and all are delivered or counted as lost', options, async () => {
    const { state, server } = fickle();
    state.away = true;
    let store = '';
    await using host = await RealHost.start(
      {
        server,
        env: (dir) => ({
          OSQUERY_REMOTE_STORE: join(dir, 'store'),
          OSQUERY_REMOTE_BUFFER_MIN_FREE_BYTES: '0',
        }),
      },
      (dir) => {
        store = join(dir, 'store');
        mountStore(store, 'size=4m');
      },
    );
    void host.keepPinging();
    try {
      await send(host, 3000, { bytes: 1000 });
      // What is left goes to somebody else.
      spawnSync('dd', ['if=/dev/zero', `of=${join(store, 'other')}`, 'bs=64k'], { stdio: 'ignore' });
      // More than the disk and the memory take together.
      await send(host, 20_000, { bytes: 1000 });
      await host.table('remote_outbox');
      rmSync(join(store, 'other'));
      state.away = false;
      await send(host, 10);
      const { delivered, lost } = await expectAllAccountedFor(host);
      expect(delivered).toBeGreaterThan(3000);
      expect(lost).toBeGreaterThan(0);
      expectPingsInTime(host, `full disk, ${delivered} delivered, ${lost} lost`);
    } finally {
      spawnSync('umount', ['-l', store]);
    }
  });

  test('that is read-only, and later is not: nothing is lost', options, async () => {
    const { state, server } = fickle();
    state.away = true;
    let store = '';
    await using host = await RealHost.start(
      { server, env: (dir) => ({ OSQUERY_REMOTE_STORE: join(dir, 'store') }) },
      (dir) => {
        store = join(dir, 'store');
        mountStore(store, 'size=64m,ro');
      },
    );
    void host.keepPinging();
    try {
      await send(host, 500);
      execFileSync('mount', ['-o', 'remount,rw', store]);
      await send(host, 500, { everyMs: 5 });
      state.away = false;
      expect(await expectAllAccountedFor(host)).toEqual({ delivered: 1000, lost: 0 });
      expectPingsInTime(host, 'read-only disk');
    } finally {
      spawnSync('umount', ['-l', store]);
    }
  });
});

test(
  'a disk on which each write takes 5 s: one call waits for it, no other, and nothing is lost',
  options,
  async () => {
    const { state, server } = fickle();
    const preload = fileURLToPath(new URL('./support/slow-disk.cjs', import.meta.url));
    await using host = await RealHost.start(
      {
        server,
        env: (dir) => ({ SLOW_DISK: join(dir, 'slow'), NODE_OPTIONS: `--require=${preload}` }),
      },
      (dir) => writeFileSync(join(dir, 'slow'), '0'),
    );
    const slow = (ms: number) => writeFileSync(join(host.dir, 'slow'), String(ms));
    void host.keepPinging();
    await send(host, 100);
    state.away = true;
    slow(5000);
    await send(host, 2000, { everyMs: 5 });
    const waited = host.callTimes.filter((ms) => ms > 1000);
    expect(waited.length).toBeLessThanOrEqual(1);
    expect(Math.max(...host.callTimes)).toBeGreaterThan(4900);
    expect(host.pings().worst).toBeGreaterThan(4000);
    expect(host.pings().worst).toBeLessThan(5200);
    slow(0);
    state.away = false;
    await send(host, 100);
    expect(await expectAllAccountedFor(host)).toEqual({ delivered: host.accepted, lost: 0 });
    expectPingsInTime(host, 'slow disk');
    console.log(
      `slow disk: longest call ${Math.max(...host.callTimes).toFixed(0)} ms, ${waited.length} over 1 s`,
    );
  },
);

test(
  'a transport module that fills the thread pool of the process: lines are taken, and go out later',
  options,
  async () => {
    let fifo = '';
    await using host = await RealHost.start(
      { env: (dir) => ({ OSQUERY_REMOTE_TRANSPORT: join(dir, 'module.mjs') }) },
      (dir) => {
        fifo = join(dir, 'fifo');
        execFileSync('mkfifo', [fifo]);
        // Each open waits for a writer, in a thread of the pool.
        const text = `import { open, writeFileSync } from 'node:fs';
        let full = false;
        export default { attempt(request, next) {
          if (request.endpoint === 'log' && !full) {
            full = true;
            for (let i = 0; i < 64; i++) open(${JSON.stringify(fifo)}, 'r', () => {});
            writeFileSync(${JSON.stringify(`${fifo}.full`)}, '');
          }
          return next(request);
        } };`;
        writeFileSync(join(dir, 'module.mjs'), text, { mode: 0o600 });
      },
    );
    void host.keepPinging();
    await send(host, 10);
    await expect.poll(() => existsSync(`${fifo}.full`), poll).toBe(true);
    await send(host, 2000, { everyMs: 5 });
    expectPingsInTime(host, 'full thread pool');
    const before = host.arrived().length;
    // Lets go of them.
    openSync(fifo, 'r+');
    const { lost } = await expectAllAccountedFor(host);
    expect(lost).toBe(0);
    console.log(`full thread pool: ${before} of ${host.accepted} lines went out meanwhile`);
  },
);
