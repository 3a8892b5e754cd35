import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ExtensionManager } from '../../src/extension/index.ts';
import { type StandInEvent, StandInOsqueryd } from '../../src/testing/osqueryd/index.ts';
import { bundle, launcher, removeBundle, temporaryDirectory, Watched } from './support/processes.ts';

let plain = '';
let standIn = '';
const standIns: StandInOsqueryd[] = [];
const watched: Watched[] = [];

beforeAll(async () => {
  plain = await bundle('test/extension/support/plain-extension.ts');
  standIn = await bundle('test/extension/support/osqueryd-process.ts');
});

afterAll(() => removeBundle(plain));

afterEach(() => {
  for (const { child } of watched.splice(0)) child.kill('SIGKILL');
  for (const standIn of standIns.splice(0)) {
    standIn.killWorker();
    standIn.killWatcher();
  }
});

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, uid?: number): Watched {
  const process_ = new Watched(command, args, {
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  watched.push(process_);
  return process_;
}

/** Runs the plain extension with these arguments, as a person would. */
function runPlain(args: readonly string[], env?: NodeJS.ProcessEnv, uid?: number): Watched {
  return run(process.execPath, [plain, ...args], env, uid);
}

async function osqueryd(directory: string, argv: readonly string[] = []) {
  writeFileSync(join(directory, 'osquery.conf'), '{}');
  const events: StandInEvent[] = [];
  const standIn = new StandInOsqueryd({
    argv: [
      `--extensions_socket=${directory}/osq.em`,
      `--config_path=${directory}/osquery.conf`,
      '--logger_plugin=stdout',
      '--extensions_timeout=20',
      ...argv,
    ],
    env: process.env,
    print: () => {},
  });
  standIns.push(standIn);
  standIn.on((event) => events.push(event));
  const started = standIn.next(({ kind }) => kind === 'worker_started');
  standIn.start();
  await started;
  return { standIn, events, manager: new ExtensionManager(`${directory}/osq.em`) };
}

describe('an extension whose osqueryd ends', () => {
  /** In the place of the watcher: a process that starts the extension as osqueryd does, and that can be killed. */
  const parent =
    'x() { OSQUERY_EXTENSION=$(exec sh -c \'echo $PPID\'); export OSQUERY_EXTENSION; exec "$@"; }; x "$0" "$@" & wait';

  test('leaves, and takes its registration and its socket with it', async () => {
    const directory = temporaryDirectory();
    const { manager } = await osqueryd(directory);
    const watcher = run('/bin/sh', ['-c', parent, process.execPath, plain, '--socket', manager.socket]);
    await watcher.says(/registered/);
    const [[uuid = 0] = []] = await manager.extensions();
    expect(existsSync(`${manager.socket}.${uuid}`)).toBe(true);
    watcher.child.kill('SIGKILL');
    await watcher.silent;

    expect(watcher.stdout).toMatch(/^(\d+) registered\n\1 stop\n\1 exit 0\n$/);
    expect(watcher.stderr).toBe('');
    expect([...(await manager.extensions()).values()]).toEqual([]);
    expect(existsSync(`${manager.socket}.${uuid}`)).toBe(false);
  });

  test('leaves when that osqueryd ended before the extension could look', async () => {
    const directory = temporaryDirectory();
    const socket = `${directory}/osq.em`;
    // The parent ends first: the extension is held back until then.
    const early = `(OSQUERY_EXTENSION=$(exec sh -c 'echo $PPID'); export OSQUERY_EXTENSION; while kill -0 $$ 2> /dev/null; do :; done; exec "$@") & :`;
    const watcher = run('/bin/sh', ['-c', early, 'sh', process.execPath, plain, '--socket', socket]);
    await watcher.silent;

    expect(watcher.stdout).toMatch(/^(\d+) stop\n\1 exit 0\n$/);
    expect(watcher.stderr).toBe('');
  });

  test('which ends with 78 and is started again at once, ten times in a row: no orphan, registered each time', async () => {
    const directory = temporaryDirectory();
    const config = { schedule: { q: { query: 'SELECT 1 AS one', interval: 1 } } };
    const argv = [
      `--extensions_socket=${directory}/osq.em`,
      `--extension=${launcher(directory, [plain])}`,
      // Then the worker's end is that of osqueryd, and nobody tells the extension.
      '--disable_watchdog=true',
      '--extensions_timeout=20',
      '--config_plugin=plain',
      '--logger_plugin=plain',
    ];
    const osqueryds: Watched[] = [];
    for (let time = 1; time <= 10; time++) {
      const one = run(process.execPath, [standIn, ...argv], { PLAIN_CONFIG: JSON.stringify(config) });
      osqueryds.push(one);
      expect(await one.exited).toBe(78);
    }
    for (const one of osqueryds) {
      await one.silent;
      expect(one.stdout.split('\n').sort().join(' ')).toMatch(
        /^ (\d+) exit 0 \1 registered \1 stop accepted plain$/,
      );
      expect(one.stderr).toBe('');
    }
  }, 120_000);
});

describe('bad input is one line that says what to do', () => {
  async function lineOf(process_: Watched): Promise<{ code: number | null; line: string }> {
    const code = await process_.exited;
    await process_.silent;
    expect(process_.stderr).toMatch(/^[^\n]+\n$/);
    expect(process_.stderr).not.toMatch(/\bat .*:\d+/);
    return { code, line: process_.stderr.trimEnd() };
  }

  test('no arguments at all', async () => {
    expect(await lineOf(runPlain([]))).toEqual({
      code: 1,
      line: 'plain: error: arguments: no --socket: osqueryd starts extensions by itself (osqueryd --extension PATH); by hand, give --socket the value of its --extensions_socket',
    });
  });

  test('arguments that are unknown are named, and left out', async () => {
    const { manager } = await osqueryd(temporaryDirectory());
    const one = runPlain(['--colour', 'red', '--socket', manager.socket]);
    await one.says(/registered/);
    one.child.kill('SIGINT');

    expect(await lineOf(one)).toEqual({
      code: 0,
      line: 'plain: warning: ignoring unknown arguments: --colour red (known are --socket, --timeout, --interval, --verbose)',
    });
  });

  test.each([
    [
      'nothing is there',
      () => {},
      'there is no such socket; is osqueryd running, and is this its --extensions_socket?',
    ],
    [
      'a file is there',
      (path: string) => writeFileSync(path, ''),
      'this is not a socket; give the value of --extensions_socket',
    ],
    [
      'a directory is there',
      (path: string) => mkdirSync(path),
      'this is not a socket; give the value of --extensions_socket',
    ],
  ])('where the socket should be %s', async (_, prepare, text) => {
    const path = join(temporaryDirectory(), 'osq.em');
    prepare(path);
    expect(await lineOf(runPlain(['--socket', path, '--timeout', '0.2']))).toEqual({
      code: 1,
      line: `plain: error: socket: ${path}: ${text}`,
    });
  });

  test('a socket path that is too long', async () => {
    const path = `/tmp/${'x'.repeat(100)}`;
    const { code, line } = await lineOf(runPlain(['--socket', path]));
    expect([code, line]).toEqual([
      1,
      expect.stringMatching(/^plain: error: arguments: .*give osqueryd a shorter --extensions_socket$/),
    ]);
  });

  /** Another user, if we may be one; otherwise the files are made so that we ourselves may not. */
  const isRoot = process.getuid?.() === 0;
  const nobody = isRoot ? 65534 : undefined;

  test('a socket without permission', async () => {
    const directory = temporaryDirectory();
    const { manager } = await osqueryd(directory);
    chmodSync(manager.socket, 0o600);
    if (!isRoot) chmodSync(manager.socket, 0);

    expect(await lineOf(runPlain(['--socket', manager.socket, '--timeout', '0.2'], {}, nobody))).toEqual({
      code: 1,
      line: `plain: error: socket: ${manager.socket}: no permission to open it; run as the user of osqueryd (usually root)`,
    });
  });

  test('a directory in which it cannot make its own socket', async () => {
    const directory = temporaryDirectory();
    const { manager, events } = await osqueryd(directory);
    chmodSync(manager.socket, 0o666);
    if (!isRoot) chmodSync(directory, 0o555);
    const { code, line } = await lineOf(runPlain(['--socket', manager.socket], {}, nobody));
    chmodSync(directory, 0o755);
    const [uuid] = events.flatMap((event) => (event.kind === 'registered' ? [event.uuid] : []));

    expect([code, line]).toEqual([
      1,
      `plain: error: socket: cannot listen at ${manager.socket}.${uuid}: no permission to create it; run as the user of osqueryd (usually root), who may write in ${directory}`,
    ]);
    expect((await manager.extensions()).size).toBe(0);
  });

  test.each([
    [
      'extension',
      { PLAIN_PLUGIN: 'other' },
      'an extension called plain is registered already: end it, or load only one of this name',
    ],
    [
      'plugin',
      { PLAIN_NAME: 'other' },
      'the plugin name plain belongs to osqueryd itself or to another extension: end that extension, or choose another name',
    ],
  ])('a name of an %s that is taken', async (_, env: Record<string, string>, text) => {
    const { manager } = await osqueryd(temporaryDirectory());
    const first = runPlain(['--socket', manager.socket]);
    await first.says(/registered/);

    expect(await lineOf(runPlain(['--socket', manager.socket, '--interval', '0.2'], env))).toEqual({
      code: 1,
      line: `${env['PLAIN_NAME'] ?? 'plain'}: error: taken: ${text}`,
    });
  });
});

describe('signals', () => {
  test('while it waits for osqueryd, SIGTERM ends it in good order', async () => {
    const directory = temporaryDirectory();
    const shell = 'OSQUERY_EXTENSION=$$; export OSQUERY_EXTENSION; exec "$0" "$@"';
    const args = [
      process.execPath,
      plain,
      '--verbose',
      '--socket',
      `${directory}/osq.em`,
      '--timeout',
      '0.2',
    ];
    const one = run('/bin/sh', ['-c', shell, ...args]);
    await one.complains(/still waiting for osqueryd/);
    one.child.kill('SIGTERM');

    expect(await one.exited).toBe(0);
    await one.silent;
    expect(one.stderr.trimEnd().split('\n').at(-1)).toBe('plain: leaving: SIGTERM');
  });

  test('SIGTERM to osqueryd is the end of both', async () => {
    const directory = temporaryDirectory();
    const argv = [
      `--extensions_socket=${directory}/osq.em`,
      `--extension=${launcher(directory, [plain])}`,
      '--extensions_timeout=20',
      '--config_plugin=plain',
      '--disable_logging=true',
    ];
    const one = run(process.execPath, [standIn, ...argv]);
    await one.says(/registered/);
    one.child.kill('SIGTERM');

    expect(await one.exited).toBe(0);
    await one.silent;
    expect(one.stdout).toMatch(/exit 0\n$/);
    expect(one.stderr).toBe('');
  });
});
