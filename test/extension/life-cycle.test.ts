import { existsSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  configPlugin,
  distributedPlugin,
  loggerPlugin,
  type Plugin,
  tablePlugin,
} from '../../src/extension/index.ts';
import { Daemon, type DaemonSetting } from './support/daemon.ts';

const daemons: Daemon[] = [];

afterEach(async () => {
  for (const daemon of daemons.splice(0)) {
    daemon.standIn.killWorker();
    daemon.standIn.killWatcher();
    for (const extension of daemon.extensions) void extension.stop('the test is over');
    await daemon.pass(10_000);
    rmSync(daemon.directory, { recursive: true, force: true });
  }
});

function daemon(setting?: DaemonSetting): Daemon {
  const one = new Daemon(setting);
  daemons.push(one);
  return one;
}

/** A config plugin that counts how often it was asked. */
function counter() {
  const asked = { times: 0 };
  const plugin = configPlugin({
    name: 'counting',
    genConfig() {
      asked.times += 1;
      return { counting: '{}' };
    },
  });
  return { plugin, asked };
}

/** A daemon that has loaded an extension with a config plugin, and lives on. */
async function running(setting: DaemonSetting = {}) {
  const { plugin, asked } = counter();
  const one = daemon({
    plugins: [plugin],
    ...setting,
    argv: ['--config_plugin=counting', ...(setting.argv ?? [])],
  });
  await one.start();
  await one.until(() => asked.times === 1);
  await one.pass(5000);
  const [extension] = one.extensions;
  if (extension === undefined) throw new Error('no extension was started');
  return { daemon: one, extension, asked };
}

async function listed({ manager }: Daemon): Promise<string[]> {
  return [...(await manager.extensions()).values()].map(({ name }) => name);
}

test('an extension that starts before osqueryd waits for it, registers, and is called in the order of osqueryd', async () => {
  const order: string[] = [];
  const note =
    <T>(what: string, value: T) =>
    () => {
      order.push(what);
      return value;
    };
  const plugins: Plugin[] = [
    configPlugin({ name: 'x', genConfig: note('genConfig', { x: '{}' }) }),
    loggerPlugin({
      name: 'x',
      string: note('string', undefined),
      init: note('init', undefined),
      status: note('status', undefined),
    }),
    distributedPlugin({ name: 'x', getQueries: note('getQueries', undefined), writeResults() {} }),
  ];
  const one = daemon({
    plugins,
    bootMs: () => 1500,
    argv: [
      '--config_plugin=x',
      '--logger_plugin=x',
      '--distributed_plugin=x',
      '--disable_logging=false',
      '--disable_distributed=false',
    ],
  });
  await one.start();
  await one.until(() => order.includes('getQueries'));

  expect(one.registered()).toEqual([{ name: 'under_test', uuid: one.extensions[0]?.uuid }]);
  expect(order.slice(0, 4)).toEqual(['genConfig', 'init', 'status', 'getQueries']);
  expect(one.calls().slice(0, 3)).toEqual(['config/genConfig 0', 'logger/init 0', 'logger/features 1']);
  expect(await one.settled(one.standIn.stop())).toBe(0);
});

test('a predecessor that died is waited for until osqueryd has noticed', async () => {
  const one = await daemon().start();
  await one.manager.register({ name: 'under_test', version: '1', sdkVersion: '', minSdkVersion: '' }, []);
  const extension = one.extension();
  await one.settled(extension.start());

  const refused = one.events.filter((event) => event.kind === 'registered' && event.status.code !== 0);
  expect(refused.length).toBeGreaterThan(10);
  expect(await listed(one)).toEqual(['under_test']);
  await one.settled(extension.stop('the test is over'));
});

test.each([
  [
    'extension',
    [],
    'taken: an extension called under_test is registered already: end it, or load only one of this name',
  ],
  [
    'plugin of osqueryd',
    [configPlugin({ name: 'tls', genConfig: () => ({}) })],
    'taken: the plugin name tls belongs to osqueryd itself or to another extension: end that extension, or choose another name',
  ],
])(
  'an %s of the same name that lives on is given up after two intervals and 2 s',
  async (what, plugins, text) => {
    const one = await daemon().start();
    const holder = one.extension();
    if (what === 'extension') await one.settled(holder.start());
    const extension = one.extension({ plugins });
    const start = one.clock.monotonic();

    await expect(one.settled(extension.start())).rejects.toThrow(text);
    expect(one.clock.monotonic() - start).toBeGreaterThanOrEqual(8000);
    expect(one.clock.monotonic() - start).toBeLessThan(8200);
    expect(await one.end(extension)).toMatchObject({ code: 1, reason: text });
    if (what === 'extension') {
      expect(await listed(one)).toEqual(['under_test']);
      await one.settled(holder.stop('the test is over'));
    }
  },
);

test('after the worker was killed the extension registers in place, with its state, before the new one gives up', async () => {
  const { daemon: one, extension, asked } = await running();
  const before = extension.uuid;
  one.standIn.killWorker();
  await one.until(() => asked.times === 2);

  expect(one.registered()).toEqual([
    { name: 'under_test', uuid: before },
    { name: 'under_test', uuid: extension.uuid },
  ]);
  expect(one.extensions).toHaveLength(1);
  await one.pass(30_000);
  expect(one.registered()).toHaveLength(2);
  expect(one.has('worker_exited', 2)).toBe(false);
});

test('ten workers killed in a row find the extension again', async () => {
  const { daemon: one, asked } = await running({ argv: ['--config_plugin=counting'] });
  for (let times = 2; times <= 11; times++) {
    one.standIn.killWorker();
    await one.until(() => asked.times === times);
    await one.pass(5000);
  }
  expect(one.extensions).toHaveLength(1);
  expect(one.registered()).toHaveLength(11);
});

test('at whatever moment the worker is killed, the next one finds the extension in time', async () => {
  const { daemon: one, extension, asked } = await running();
  for (let offsetMs = 0; offsetMs <= 3300; offsetMs += 330) {
    const times = asked.times;
    await one.pass(5000 + offsetMs);
    one.standIn.killWorker();
    await one.until(() => asked.times === times + 1);
  }
  const ends = one.events.flatMap((event) => (event.kind === 'worker_exited' ? [event.end] : []));
  expect(new Set(ends.map((end) => JSON.stringify(end)))).toEqual(new Set(['{"signal":"SIGKILL"}']));
  expect(one.extensions).toEqual([extension]);
});

test('an extension that osqueryd dropped without a word registers again at the next interval', async () => {
  const { daemon: one, extension } = await running();
  await one.manager.deregister(extension.uuid);
  const start = one.clock.monotonic();
  await one.until(() => one.registered().length === 2);

  expect(one.clock.monotonic() - start).toBeLessThanOrEqual(3000);
  expect(await one.manager.call('config', 'counting', { action: 'genConfig' })).toHaveLength(1);
});

test('a socket file that was removed is bound again before osqueryd misses it', async () => {
  const { daemon: one, extension } = await running({ argv: ['--extensions_interval=10'] });
  const path = `${one.socket}.${extension.uuid}`;
  rmSync(path);
  await one.pass(200);

  expect(existsSync(path)).toBe(true);
  expect(await one.manager.call('config', 'counting', { action: 'genConfig' })).toHaveLength(1);
  await one.pass(60_000);
  expect(one.registered()).toHaveLength(1);
});

test('while the worker is away and its watcher lives, the extension stays', async () => {
  const { daemon: one, extension, asked } = await running();
  one.standIn.killWorker();
  await one.until(() => one.has('worker_started', 2));
  // A worker that dies young is started again after a pause only.
  one.standIn.killWorker();
  await one.until(() => one.has('worker_started', 3));
  const times = asked.times;
  await one.until(() => asked.times > times);

  expect(one.extensions).toEqual([extension]);
  expect(one.has('extension_exited')).toBe(false);
  expect(await listed(one)).toEqual(['under_test']);
});

test('started by hand, it leaves 60 s after core has gone', async () => {
  const one = await daemon().start();
  const extension = one.extension();
  await one.settled(extension.start());
  await one.pass(5000);
  one.standIn.killWorker();
  one.standIn.killWatcher();

  const end = await one.end(extension);
  expect(end).toMatchObject({ code: 0, reason: 'osquery core has gone away' });
  expect(end.afterMs).toBeGreaterThanOrEqual(60_000);
  expect(end.afterMs).toBeLessThan(61_000);
});

test('started by hand, it waits for osqueryd as long as it was told, and says what to look at', async () => {
  const one = daemon();
  const extension = one.extension({ timeoutMs: 1000 });
  await expect(one.settled(extension.start())).rejects.toThrow(
    `socket: ${one.socket}: there is no such socket; is osqueryd running, and is this its --extensions_socket?`,
  );
  expect(one.clock.monotonic()).toBeLessThan(1100);
});

test('after SIGTERM calls are answered for 2 s while core is there; then it takes its leave', async () => {
  let flushed = false;
  const { daemon: one, extension } = await running({
    onStop: async () => {
      flushed = true;
    },
  });
  const path = `${one.socket}.${extension.uuid}`;
  const left = one.end(extension);
  const stopped = extension.stop('SIGTERM');
  await one.pass(1900);
  expect(await one.manager.call('config', 'counting', { action: 'genConfig' })).toHaveLength(1);
  expect([existsSync(path), flushed]).toEqual([true, false]);
  await stopped;

  const { afterMs, ...end } = await left;
  expect(end).toEqual({ code: 0, reason: 'SIGTERM' });
  expect(afterMs).toBeLessThanOrEqual(2100);
  expect([existsSync(path), flushed]).toEqual([false, true]);
  expect(await listed(one)).toEqual([]);
});

test('after SIGTERM it leaves as soon as core has gone', async () => {
  const { daemon: one, extension } = await running();
  void extension.stop('SIGTERM');
  await one.pass(300);
  one.standIn.killWorker();

  expect((await one.end(extension)).afterMs).toBeLessThanOrEqual(200);
});

test('after SIGTERM it does not stay for another osqueryd that took the place of its own', async () => {
  const one = await daemon().start();
  const extension = one.extension();
  await one.settled(extension.start());
  const left = one.end(extension);
  void extension.stop('SIGTERM');
  await one.pass(50);
  one.standIn.killWorker();
  one.standIn.killWatcher();
  const successor = await daemon({ directory: one.directory, clock: one.clock }).start();

  expect((await left).afterMs).toBeLessThanOrEqual(200);
  expect(successor.registered()).toEqual([]);
});

test('a call that is under way when core ends is answered', async () => {
  let answer: (sources: Record<string, string>) => void = () => {};
  let asked = 0;
  const slow = configPlugin({
    name: 'slow',
    genConfig: () => {
      asked += 1;
      return asked === 1
        ? { slow: '{}' }
        : new Promise((resolve) => {
            answer = resolve;
          });
    },
  });
  const one = daemon({ plugins: [slow], argv: ['--config_plugin=slow', '--config_refresh=10'] });
  await one.start();
  await one.until(() => asked === 2);
  const [extension] = one.extensions;
  const code = one.standIn.stop();
  await one.pass(100);
  answer({ slow: '{}' });

  expect(await one.settled(code)).toBe(0);
  expect(await extension?.ended).toMatchObject({ code: 0 });
  expect(one.calls()).toEqual(['config/genConfig 0', 'config/genConfig 0']);
});

test('SIGTERM to osqueryd ends the extension with it', async () => {
  const { daemon: one, extension } = await running();
  const code = one.standIn.stop();

  expect(await one.end(extension, 5000)).toMatchObject({ code: 0 });
  expect(await one.settled(code, 5000)).toBe(0);
  expect(one.events.find(({ kind }) => kind === 'shutdown')).toMatchObject({ status: { code: 0 } });
  expect(existsSync(`${one.socket}.${extension.uuid}`)).toBe(false);
});

test('shutdown, when osqueryd ends its worker alone, ends the extension, and another one takes its place', async () => {
  const { daemon: one, asked } = await running();
  one.standIn.terminateWorker();
  await one.until(() => one.extensions.length === 2 && asked.times === 2);

  expect(one.events.find(({ kind }) => kind === 'extension_exited')).toMatchObject({ code: 0 });
});

test.each([
  ['hangs', () => new Promise<void>(() => {})],
  ['rejects', () => Promise.reject(new Error('disk full'))],
  [
    'throws',
    () => {
      throw new Error('disk full');
    },
  ],
])('a last flush that %s does not keep the extension', async (_, onStop) => {
  const { daemon: one, extension } = await running({ onStop });
  void extension.stop('SIGTERM');

  expect((await one.end(extension)).afterMs).toBeLessThanOrEqual(3200);
});

test('when its parent ends it takes its leave and ends within a second, whatever hangs', async () => {
  const { plugin, asked } = counter();
  const one = await daemon().start();
  let gone = false;
  const extension = one.extension({
    plugins: [plugin],
    parent: { gone: () => gone },
    onStop: () => new Promise(() => {}),
  });
  await one.settled(extension.start());
  await one.manager.call('config', 'counting', { action: 'genConfig' });
  const idle = connect(`${one.socket}.${extension.uuid}`);
  idle.on('error', () => {});
  await one.pass(5000);
  gone = true;
  const end = await one.end(extension);

  expect(asked.times).toBe(1);
  expect(end).toMatchObject({ code: 0, reason: 'the osqueryd that started this extension has ended' });
  expect(end.afterMs).toBeLessThanOrEqual(600);
  expect(await listed(one)).toEqual([]);
  expect(existsSync(`${one.socket}.${extension.uuid}`)).toBe(false);
});

test('a manager that hangs delays neither an orphan nor a signal', async () => {
  const { daemon: one, extension } = await running();
  one.standIn.killWorker();
  one.standIn.killWatcher();
  rmSync(one.socket, { force: true });
  const hanging = createServer(() => {});
  await new Promise<void>((resolve) => hanging.listen(one.socket, resolve));

  expect((await one.end(extension)).afterMs).toBeLessThanOrEqual(500);
  hanging.close();
});

test('an orphan never touches the successor of its osqueryd', async () => {
  // The successor happens to give the same id.
  const issueUuid = () => 7;
  const one = await daemon({ issueUuid }).start();
  let gone = false;
  const extension = one.extension({ parent: { gone: () => gone } });
  await one.settled(extension.start());
  await one.pass(2950);
  one.standIn.killWorker();
  one.standIn.killWatcher();
  const successor = await daemon({ directory: one.directory, clock: one.clock, issueUuid }).start();
  gone = true;
  const info = { name: 'of_successor', version: '', sdkVersion: '', minSdkVersion: '' };
  expect(await successor.manager.register(info, [])).toBe(7);
  await successor.end(extension);

  expect(successor.registered()).toEqual([{ name: 'of_successor', uuid: 7 }]);
  expect(await listed(successor)).toEqual(['of_successor']);
});

test('a parent that has ended before the extension started is noticed at once', async () => {
  const one = await daemon().start();
  const extension = one.extension({ parent: { gone: () => true } });

  await expect(one.settled(extension.start())).rejects.toThrow('stopped: ');
  expect(await one.end(extension)).toMatchObject({ code: 0, afterMs: 0 });
  expect(one.registered()).toEqual([]);
});

test('a signal while it waits for osqueryd ends it at once, in good order', async () => {
  const one = daemon();
  const extension = one.extension({ parent: { gone: () => false } });
  const started = extension.start();
  started.catch(() => {});
  await one.pass(10_000);
  void extension.stop('SIGTERM');

  expect(await one.end(extension)).toEqual({ code: 0, reason: 'SIGTERM', afterMs: 0 });
  await expect(started).rejects.toThrow('stopped: SIGTERM');
  expect(one.lines.filter((line) => line.startsWith('warning'))).toEqual([
    expect.stringContaining('still waiting for osqueryd: socket: '),
  ]);
});

test('it can be started once', async () => {
  const one = await daemon().start();
  const extension = one.extension();
  await one.settled(extension.start());
  await expect(extension.start()).rejects.toThrow('stopped: an extension can be started once');
  await one.settled(extension.stop('done'));
  await expect(extension.start()).rejects.toThrow('stopped: ');
});

test('what makes no sense is refused before anything is done', async () => {
  const one = daemon();
  const table = tablePlugin({ name: 't', columns: { a: 'TEXT' }, generate: () => [] });
  expect(() => one.extension({ plugins: [table, table] })).toThrow(
    'arguments: two plugins are called table/t',
  );
  const long = `/tmp/${'x'.repeat(100)}`;
  expect(() => one.extension({ socket: long })).toThrow(
    `arguments: ${long} is longer than ${process.platform === 'linux' ? 101 : 97} bytes, which leaves no room`,
  );
});
