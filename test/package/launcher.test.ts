import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './build.ts';

/** Of the build script, which has no types. */
const launcher: (builtWith: string) => string = (await import(join(root, 'scripts/lib/launcher.mjs')))
  .launcher;

/** Tells which program ran it, and with what. */
const entry = 'process.stdout.write(JSON.stringify([process.env.VIA ?? "node", ...process.argv.slice(2)]));';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'launcher-'));
  mkdirSync(join(directory, 'package/dist/ext'), { recursive: true });
  mkdirSync(join(directory, 'package/bin'));
  mkdirSync(join(directory, 'links'));
  writeFileSync(join(directory, 'package/dist/ext/start.js'), entry);
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Makes the launcher of a package. @returns its path. */
function make(builtWith: string = process.execPath): string {
  const path = join(directory, 'package/bin/osquery-remote.ext');
  writeFileSync(path, launcher(builtWith), { mode: 0o755 });
  return path;
}

/** A shell script that becomes Node and says that it was taken. */
function node(name: string): string {
  mkdirSync(join(directory, name));
  const path = join(directory, name, 'node');
  writeFileSync(path, `#!/bin/sh\nVIA="${name}"\nexport VIA\nexec '${process.execPath}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(path: string, args: readonly string[] = [], env: Record<string, string> = {}, cwd = '/') {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(path, args, { cwd, env: { PATH: '/usr/bin:/bin', ...env } }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

test('arguments arrive as they were given', async () => {
  const args = ['--socket', '/a b/$x.em', '--timeout', '3', '', "it's"];

  expect(await run(make(), args)).toEqual({ code: 0, stdout: JSON.stringify(['node', ...args]), stderr: '' });
});

test('it finds its package through links, and links to links, absolute and relative', async () => {
  make();
  symlinkSync('../package/bin/osquery-remote.ext', join(directory, 'links/relative'));
  symlinkSync(join(directory, 'links/relative'), join(directory, 'links/absolute.ext'));

  expect((await run(join(directory, 'links/absolute.ext'))).stdout).toBe('["node"]');
  expect((await run('./relative', [], {}, join(directory, 'links'))).stdout).toBe('["node"]');
  expect((await run('./osquery-remote.ext', [], {}, join(directory, 'package/bin'))).stdout).toBe('["node"]');
});

test('the Node that is asked for goes before the one that built it, and that before the PATH', async () => {
  const PATH = `${join(node('path'), '..')}:/bin`;
  const asked = node('asked');

  expect((await run(make(node('built')), [], { PATH, OSQUERY_REMOTE_NODE: asked })).stdout).toBe('["asked"]');
  expect((await run(make(join(directory, 'built/node')), [], { PATH })).stdout).toBe('["built"]');
  expect((await run(make('/gone/node'), [], { PATH })).stdout).toBe('["path"]');
});

test('a path with quotes and spaces is no trouble', async () => {
  expect((await run(make(node("it's a node")))).stdout).toBe('["it\'s a node"]');
});

test('without a Node one line says what to do', async () => {
  expect(await run(make('/gone/node'), [], { PATH: '/nonexistent' })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'osquery-remote.ext: no Node found; set OSQUERY_REMOTE_NODE to the path of Node 20.19 or newer\n',
  });
  expect(await run(make(), [], { OSQUERY_REMOTE_NODE: '/gone/node' })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'osquery-remote.ext: OSQUERY_REMOTE_NODE names no program that can be run: /gone/node\n',
  });
});

test('without the bundle one line says what to do', async () => {
  const path = make();
  rmSync(join(directory, 'package/dist'), { recursive: true });

  const { code, stderr } = await run(path);

  expect(code).toBe(1);
  expect(stderr).toMatch(/^osquery-remote\.ext: .*start\.js is missing; run 'npm run build' .*\n$/);
});
