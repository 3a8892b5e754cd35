import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ExtensionManager } from '../../src/extension/index.ts';
import { startServer, writtenLines } from '../server/support/servers.ts';
import { FakeCore } from './support/fake-core.ts';
import { isAlive, OsquerydProcess, Programs } from './support/osqueryd.ts';
import { flagsFor } from './support/world.ts';

let dir: string;
let programs: Programs;
let extension: ReturnType<Programs['extensionFile']>;
const running: OsquerydProcess[] = [];

beforeAll(async () => {
  programs = await Programs.build();
});
afterAll(() => programs.remove());

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'osq-'));
  writeFileSync(join(dir, 'secret'), 'made-up-secret\n');
  extension = programs.extensionFile(dir);
});
afterEach(async () => {
  for (const osqueryd of running.splice(0)) await osqueryd.kill();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

const said = () => readFileSync(extension.log, 'utf8');
const poll = { timeout: 20_000, interval: 20 };

function start(server: Parameters<typeof flagsFor>[1], ...flags: string[]): OsquerydProcess {
  const osqueryd = new OsquerydProcess(programs, [
    `--extensions_socket=${dir}/osq.em`,
    `--extension=${extension.path}`,
    '--extensions_timeout=30',
    '--extensions_interval=1',
    ...flagsFor(dir, server),
    ...flags,
  ]);
  running.push(osqueryd);
  return osqueryd;
}

const registered = (osqueryd: OsquerydProcess) =>
  osqueryd.seen((event) => event.kind === 'registered' && event.name === 'osquery-remote');
const configServed = (osqueryd: OsquerydProcess) =>
  osqueryd.seen((event) => event.kind === 'call' && event.registry === 'config' && event.code === 0);
const linesTaken = (osqueryd: OsquerydProcess, count: number) =>
  osqueryd.seen(() => osqueryd.takenLines().length >= count);

const everySecond = {
  schedule: { q: { query: 'SELECT unix_time AS t FROM time', interval: 1, snapshot: true } },
};

test('lines survive the death of the extension, and arrive once each', { timeout: 120_000 }, async () => {
  const faults = { cut: true };
  const server = await startServer({
    config: { value: everySecond },
    intercept: (endpoint) => (endpoint === 'log' && faults.cut ? 'reset' : undefined),
  });
  // With another logger behind ours, osqueryd goes on while the extension is dead.
  const osqueryd = start(server, '--logger_plugin=remote,stdout');
  await linesTaken(osqueryd, 2);
  const [pid = 0] = osqueryd.extensions();
  process.kill(pid, 'SIGKILL');
  const before = osqueryd.takenLines().length;
  await linesTaken(osqueryd, before + 2);
  expect(osqueryd.extensions()).toHaveLength(2);
  faults.cut = false;
  const taken = osqueryd.takenLines();

  await expect
    .poll(() => writtenLines(server).catch(() => []), poll)
    .toSatisfy((lines: string[]) => lines.length >= taken.length);
  expect((await writtenLines(server)).slice(0, taken.length)).toEqual(taken);
  expect(server.events.seen.filter(({ kind }) => kind === 'enrolled')).toHaveLength(1);
  expect(await osqueryd.stop()).toBe(0);
});

test('osqueryd ends with 78 and is started again at once, ten times: no orphan, no lock error', {
  timeout: 180_000,
}, async () => {
  const server = await startServer({ config: { value: everySecond } });
  for (let round = 1; round <= 10; round++) {
    const osqueryd = start(server);
    expect(await registered(osqueryd)).toMatchObject({ code: 0 });
    await configServed(osqueryd);
    await osqueryd.end(78);
  }
  const last = start(server);
  expect(await registered(last)).toMatchObject({ code: 0 });
  await linesTaken(last, 1);
  const pids = running.flatMap((osqueryd) => osqueryd.extensions());
  expect(pids).toHaveLength(11);
  await expect.poll(() => pids.filter(isAlive), poll).toEqual([pids[10]]);
  expect(said()).not.toMatch(/error/i);
  expect(server.events.seen.filter(({ kind }) => kind === 'enrolled')).toHaveLength(1);
  expect(await last.stop()).toBe(0);
  await expect.poll(() => pids.filter(isAlive), poll).toEqual([]);
  // Neither the socket of an extension nor a temporary store is left.
  expect(readdirSync(dir).filter((name) => name.startsWith('osq.em'))).toEqual([]);
});

test('SIGTERM while the server hangs: the extension ends with 0 within 4 s', {
  timeout: 60_000,
}, async () => {
  const hung = { config: false };
  const server = await startServer({
    config: { value: everySecond },
    intercept: (endpoint) => {
      if (endpoint === 'enroll' || !hung.config) return undefined;
      return 'hang';
    },
  });
  hung.config = true;
  const osqueryd = start(server);
  await server.events.waitFor('fault_injected');
  const [pid = 0] = osqueryd.extensions();
  const from = performance.now();
  process.kill(pid, 'SIGTERM');
  const end = await osqueryd.seen((event) => event.kind === 'extension_exited');
  expect(end).toMatchObject({ code: 0, signal: null });
  expect(performance.now() - from).toBeLessThan(4000);
});

test('osqueryd that is told to end takes the extension with it, in good order', {
  timeout: 60_000,
}, async () => {
  const server = await startServer({ config: { value: everySecond } });
  const osqueryd = start(server);
  await linesTaken(osqueryd, 1);
  const from = performance.now();
  expect(await osqueryd.stop()).toBe(0);
  expect(performance.now() - from).toBeLessThan(8000);
  expect(osqueryd.events.filter(({ kind }) => kind === 'extension_exited')).toEqual([
    expect.objectContaining({ code: 0, signal: null }),
  ]);
  expect(said()).toBe('');
  // What it leaves on the disk is for its owner alone.
  const store = join(dir, 'osquery.db.remote');
  const files = readdirSync(store, { recursive: true, withFileTypes: true });
  expect(files.length).toBeGreaterThan(3);
  const modes = files.map((file) => (statSync(join(file.parentPath, file.name)).mode & 0o777).toString(8));
  expect(modes).toEqual(files.map((file) => (file.isDirectory() ? '700' : '600')));
});

test('a name that is taken is one line that says what to do, and exit code 1', {
  timeout: 60_000,
}, async () => {
  const core = new FakeCore(join(dir, 'taken.em'), []);
  await core.start();
  try {
    const info = { name: 'osquery-remote', version: '1', sdkVersion: '5.23.0', minSdkVersion: '1.8.0' };
    await new ExtensionManager(core.socket).register(info, []);
    const child = spawn(extension.path, ['--socket', core.socket, '--timeout', '1', '--interval', '1']);
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(said()).toBe(
      'osquery-remote: error: taken: an extension called osquery-remote is registered already: end it, or load only one of this name\n',
    );
  } finally {
    core.stop();
  }
});

test('by hand, a missing secret is one line on stderr, and the extension stays', {
  timeout: 60_000,
}, async () => {
  const server = await startServer();
  rmSync(join(dir, 'secret'));
  const core = new FakeCore(join(dir, 'hand.em'), flagsFor(dir, server));
  await core.start();
  const child = spawn(extension.path, ['--socket', core.socket]);
  try {
    const line = `osquery-remote: warning: enroll attempt 1 failed: settings: cannot read --enroll_secret_path=${dir}/secret: there is no such file; next in`;
    // The wait has jitter.
    const onlyLine = () => expect(said().replace(line, '')).toMatch(/^ ?1(\.\d)? s\n$/);
    await expect.poll(said, poll).toMatch(/\n/);
    writeFileSync(join(dir, 'secret'), 'made-up-secret\n');
    await server.events.waitFor('enrolled');
    onlyLine();
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    onlyLine();
  } finally {
    child.kill('SIGKILL');
    core.stop();
  }
});
