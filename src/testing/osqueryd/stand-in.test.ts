import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../virtual-clock.ts';
import type { StandInEvent } from './events.ts';
import { spawnExtension } from './extension-process.ts';
import { StandInOsqueryd } from './stand-in.ts';

interface Setting {
  readonly argv?: readonly string[];
  readonly directory?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A stand-in with a config file, its standard output and everything it did. */
function setUp({ argv = [], directory = mkdtempSync(join(tmpdir(), 'osq-')), env = {} }: Setting = {}) {
  const clock = new VirtualClock();
  const events: StandInEvent[] = [];
  let output = '';
  writeFileSync(
    join(directory, 'osquery.conf'),
    '{"schedule":{"q":{"query":"select 1 as one","interval":1,"snapshot":true}}}',
  );
  const standIn = new StandInOsqueryd({
    argv: [
      `--extensions_socket=${directory}/osq.em`,
      '--config_plugin=filesystem',
      `--config_path=${directory}/osquery.conf`,
      '--logger_plugin=stdout',
      '--host_identifier=specified',
      '--specified_identifier=node',
      ...argv,
    ],
    clock,
    env,
    spawn: spawnExtension('ignore'),
    print: (line) => {
      output += Buffer.from(line).toString('latin1');
    },
  });
  standIn.on((event) => events.push(event));
  const log = () => events.flatMap((event) => (event.kind === 'log' ? [event.text] : [])).join('');
  return { standIn, clock, events, directory, log, output: () => output };
}

/** A shell script in the place of an extension. */
function extension(directory: string, body: string, mode = 0o755): string {
  const path = join(directory, 'test.ext');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

const isExtensionExit = (event: StandInEvent) => event.kind === 'extension_exited';

describe('the stand-in and its extensions', () => {
  it('starts them with the arguments and the environment that osqueryd gives', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'osq-'));
    const body = `echo "$0 $* $OSQUERY_EXTENSIONS $MINE" > ${directory}/seen; test $OSQUERY_EXTENSION = $$`;
    const path = extension(directory, body);
    const { standIn } = setUp({
      argv: ['--extension', path, '--extensions_timeout=7'],
      directory,
      env: { MINE: 'x' },
    });
    const ended = standIn.next(isExtensionExit);

    standIn.start();

    expect(await ended).toMatchObject({ code: 0 });
    expect(readFileSync(`${directory}/seen`, 'utf8')).toBe(
      `${path} --socket ${directory}/osq.em --timeout 7 --interval 3 true x\n`,
    );
    await standIn.stop();
  });

  it('starts them again at the next tick of 3 s, whatever they ended with', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'osq-'));
    const path = extension(directory, 'exit 3');
    const { standIn, clock, events, log } = setUp({ argv: [`--extension=${path}`], directory });
    const started = () => events.filter(({ kind }) => kind === 'extension_started').length;
    const first = standIn.next(isExtensionExit);

    standIn.start();
    await first;
    await clock.advance(2999);
    expect(started()).toBe(1);
    const second = standIn.next(isExtensionExit);
    await clock.advance(1);
    await second;

    expect(started()).toBe(2);
    expect(log()).toContain(`watcher.cpp:739] Extension respawning too quickly: ${path}\n`);
    await standIn.stop();
  });

  it('does not run a file that everybody may write, and tries again when it is mended', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'osq-'));
    const path = extension(directory, 'exit 0', 0o777);
    const { standIn, clock, log } = setUp({ argv: [`--extension=${path}`], directory });
    const started = standIn.next(({ kind }) => kind === 'worker_started');

    standIn.start();
    await started;
    expect(log()).toContain(`Extension binary has unsafe permissions: ${path}\n`);

    chmodSync(path, 0o755);
    const ended = standIn.next(isExtensionExit);
    await clock.advance(3000);
    expect(await ended).toMatchObject({ code: 0 });
    await standIn.stop();
  });

  it('kills an extension that does not heed SIGTERM after 11 s, and ends with 0', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'osq-'));
    const ready = join(directory, 'ready');
    execFileSync('mkfifo', [ready]);
    const path = extension(directory, `trap '' TERM; echo up > ${ready}; while :; do sleep 1; done`);
    const { standIn, clock, log } = setUp({ argv: [`--extension=${path}`], directory });
    const booted = standIn.next(({ kind }) => kind === 'worker_started');

    standIn.start();
    await booted;
    await readFile(ready);
    const stopped = standIn.stop();
    await clock.sleeping(11_000);
    await clock.advance(11_000);

    expect(await stopped).toBe(0);
    expect(log()).toMatch(
      /watcher\.cpp:463\] osqueryd worker \(\d+\) could not be stopped\. Sending kill signal\./,
    );
  });

  it('leaves out listed files without the suffix or in a directory like /tmp', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'osq-'));
    const other = join(directory, 'other.sh');
    writeFileSync(other, '#!/bin/sh\n');
    chmodSync(other, 0o755);
    writeFileSync(join(directory, 'extensions.load'), `# mine\n${other}\n`);
    const argv = [`--extensions_autoload=${directory}/extensions.load`];
    const { standIn, events } = setUp({ argv, directory });
    const booted = standIn.next(({ kind }) => kind === 'worker_started');

    standIn.start();
    await booted;

    expect(events.some(({ kind }) => kind === 'extension_started')).toBe(false);
    await standIn.stop();
  });
});

describe('the stand-in alone', () => {
  it('writes what it logs to its output, a line each', async () => {
    const { standIn, clock, output } = setUp();
    const booted = standIn.next(({ kind }) => kind === 'worker_started');

    standIn.start();
    await booted;
    await clock.sleeping(1000);
    await clock.advance(1000);
    await standIn.stop();

    const lines = output().trimEnd().split('\n');
    expect(
      lines.filter((line) => line.startsWith('{"snapshot":[{"one":"1"}],"action":"snapshot"')),
    ).toHaveLength(2);
    expect(lines.some((line) => line.startsWith('{"s":0,"f":"database.cpp"'))).toBe(true);
  });

  it('ends with 78 at once when a plugin is missing and no extension is expected', async () => {
    const { standIn, clock, log } = setUp({ argv: ['--logger_plugin=remote'] });
    const ended = standIn.next(({ kind }) => kind === 'worker_exited');

    standIn.start();
    expect(await ended).toMatchObject({ end: { code: 78 } });
    await clock.advance(3000);

    expect(await standIn.exited).toBe(78);
    expect(log()).toContain('Cannot activate remote logger plugin: Unknown registry plugin: remote\n');
  });

  it('waits for the plugin when OSQUERY_EXTENSIONS is set', async () => {
    const { standIn, clock } = setUp({
      argv: ['--logger_plugin=remote'],
      env: { OSQUERY_EXTENSIONS: 'true' },
    });
    const ended = standIn.next(({ kind }) => kind === 'worker_exited');
    let over = false;
    void ended.then(() => {
      over = true;
    });

    standIn.start();
    await clock.sleeping(20);
    await clock.advance(2980);
    expect(over).toBe(false);
    await clock.advance(40);

    expect(await ended).toMatchObject({ end: { code: 78 } });
    await clock.advance(3000);
    expect(await standIn.exited).toBe(78);
  });

  it('does not say a second time that its database is new', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'osq-'));
    const logs: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { standIn, log } = setUp({ argv: [`--database_path=${directory}/osq.db`], directory });
      const booted = standIn.next(({ kind }) => kind === 'worker_started');
      standIn.start();
      await booted;
      await standIn.stop();
      logs.push(log());
    }

    expect(logs[0]).toContain('Failed to obtain database version');
    expect(logs[1]).not.toContain('Failed to obtain database version');
  });

  it('gives up after four workers that died young', async () => {
    const { standIn, clock, events } = setUp();
    const isStart = ({ kind }: StandInEvent) => kind === 'worker_started';
    let started = standIn.next(isStart);
    standIn.start();
    for (const delayMs of [7000, 9000, 13_000, 21_000, 0]) {
      await started;
      const ended = standIn.next(({ kind }) => kind === 'worker_exited');
      standIn.killWorker();
      await ended;
      await clock.advance(3000);
      if (delayMs === 0) break;
      await clock.sleeping(delayMs);
      started = standIn.next(isStart);
      await clock.advance(delayMs);
    }

    expect(await standIn.exited).toBe(1);
    expect(events.filter(({ kind }) => kind === 'worker_started')).toHaveLength(5);
  });
});
