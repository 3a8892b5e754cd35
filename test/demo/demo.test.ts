import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { runningProcesses } from '../../src/cli/rig/processes.ts';
import { command, ensureBuilt } from '../package/build.ts';

/** Everything that a demo puts anywhere, and where it is started. */
let directory: string;
const started: ChildProcess[] = [];

beforeAll(ensureBuilt, 60_000);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'demo-'));
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGTERM');
  rmSync(directory, { recursive: true, force: true });
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [command, 'demo', ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], TMPDIR: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let text = '';
  let look = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      look();
    });
  }
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const shows = (wanted: RegExp) =>
    new Promise<void>((resolve, reject) => {
      look = () => wanted.test(text) && resolve();
      void code.then(() => reject(new Error(`${wanted} was not shown:\n${text}`)));
      look();
    });
  return { child, code, shows, text: () => text };
}

/** What is left of osqueryd and its extension. */
function processes() {
  return runningProcesses().filter(({ command }) => command.includes(directory));
}

test('--once shows a whole conversation, from a directory of its own and without a terminal, and ends with 0', async () => {
  const demo = start(['--once', '--stand-in']);

  expect([await demo.code, demo.text()]).toEqual([0, expect.stringContaining('complete: enrolled')]);
  expect(demo.text()).toMatch(/enroll .* shows the secret → gets a node key/);
  expect(demo.text()).toMatch(/config .* asks for its config → \d+ bytes/);
  expect(demo.text()).toMatch(/delivers \d+ result lines?/);
  expect(demo.text()).toMatch(/delivers \d+ status lines?/);
  expect(demo.text()).toMatch(/answers with 5 rows/);
  expect(demo.text()).toContain('│ pid');
  // Nobody looks: no colours.
  expect(demo.text()).not.toContain('\u001b');
  expect([...processes(), ...readdirSync(directory)]).toEqual([]);
});

test('the osqueryd that OSQUERYD names is the one that runs', async () => {
  const path = join(tmpdir(), `osqueryd-${process.pid}`);
  const body = `test "$1" = --version && exec echo "osqueryd version 5.0.1"\nexec '${process.execPath}' '${command}' osqueryd "$@"`;
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  try {
    const demo = start(['--once'], { OSQUERYD: path });

    expect([await demo.code, demo.text()]).toEqual([0, expect.stringContaining('complete: enrolled')]);
    expect(demo.text()).toContain(`osqueryd 5.0.1 (${path})`);
  } finally {
    rmSync(path);
  }
});

test('Ctrl-C ends all three, and leaves neither process nor file', async () => {
  const demo = start(['--stand-in']);
  await demo.shows(/delivers \d+ result line/);

  demo.child.kill('SIGINT');

  expect(await demo.code).toBe(0);
  expect([...processes(), ...readdirSync(directory)]).toEqual([]);
});

test('an extension that cannot start is named as what is missing, with exit code 1', async () => {
  const demo = start(['--once', '--stand-in'], { OSQUERY_REMOTE_NODE: '/nonexistent/node' });

  expect(await demo.code).toBe(1);
  expect(demo.text()).toContain('OSQUERY_REMOTE_NODE names no program that can be run: /nonexistent/node');
  expect(demo.text()).toMatch(/osqueryd ended with exit code 78; the node did not enroll, /);
  expect([...processes(), ...readdirSync(directory)]).toEqual([]);
}, 60_000);

test('an osqueryd that cannot be used is one clear line', async () => {
  const demo = start(['--once'], { OSQUERYD: '/nonexistent/osqueryd' });

  expect(await demo.code).toBe(1);
  expect(demo.text()).toBe(
    'osquery-remote demo: OSQUERYD=/nonexistent/osqueryd is not an osqueryd that can be used: there is no such file; --stand-in goes without\n',
  );
});

test('the stand-in ends with the demo also when that is killed', async () => {
  const demo = start(['--stand-in']);
  await demo.shows(/gets a node key/);
  expect(processes()).toHaveLength(2);

  demo.child.kill('SIGKILL');

  await demo.code;
  await expect.poll(processes, { timeout: 20_000 }).toEqual([]);
});
