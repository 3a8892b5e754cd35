import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuilt, root } from './build.ts';

/** A project that has installed what `npm pack` makes. */
let project: string;
let files: string[];

beforeAll(async () => {
  await ensureBuilt();
  project = mkdtempSync(join(tmpdir(), 'package-'));
  const installed = join(project, 'node_modules/osquery-remote');
  mkdirSync(installed, { recursive: true });
  // Without the scripts of the package: they would build it again under the feet of other tests.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', project];
  const { stdout } = await promisify(execFile)('npm', pack, { cwd: root });
  const packed = Object.values(JSON.parse(stdout))[0] as { filename: string; files: { path: string }[] };
  files = packed.files.map(({ path }) => path);
  execFileSync('tar', ['-xzf', join(project, packed.filename), '--strip-components=1', '-C', installed]);
  linkDependencies(join(project, 'node_modules'));
}, 120_000);

afterAll(() => {
  if (project !== undefined) rmSync(project, { recursive: true });
});

/** What npm would download, and its links to programs, as npm makes them. */
function linkDependencies(modules: string): void {
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  mkdirSync(join(modules, '.bin'));
  for (const [name, file] of [
    ['osquery-remote', 'dist/cli/main.js'],
    ['osquery-remote.ext', 'bin/osquery-remote.ext'],
  ] as const) {
    symlinkSync(`../osquery-remote/${file}`, join(modules, '.bin', name));
    chmodSync(join(modules, 'osquery-remote', file), 0o755);
  }
}

function run(name: string, args: readonly string[]) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(join(project, 'node_modules/.bin', name), args, { cwd: project }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

test('the package holds what users need, and nothing else', () => {
  for (const file of [
    'LICENSE',
    'package.json',
    'bin/osquery-remote.ext',
    'dist/cli/main.js',
    'dist/ext/start.js',
    'dist/ext/main.js',
    'dist/ext/worker.js',
    'dist/plugins/index.js',
    'dist/plugins/index.d.ts',
    'dist/extension/index.d.ts',
    'thrift/osquery.thrift',
    'thrift/gen/osquery.js',
  ]) {
    expect(files).toContain(file);
  }
  const others = files.filter((file) => !/^(bin|dist|docs|examples|thrift)\//.test(file));
  expect(others.filter((file) => !['LICENSE', 'README.md', 'package.json'].includes(file))).toEqual([]);
  expect(files.filter((file) => /\.test\.|\.pem$|\.lock/.test(file))).toEqual([]);
});

test('osqueryd may run the extension as npm installs it', () => {
  const { mode } = statSync(join(project, 'node_modules/.bin/osquery-remote.ext'));
  expect((mode & 0o777).toString(8)).toBe('755');
});

test('the extension starts through the link of npm, and says what it wants', async () => {
  const { code, stdout, stderr } = await run('osquery-remote.ext', []);

  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^osquery-remote: error: .*--socket.*\n$/);
});

test('every entry of the package can be imported', async () => {
  const script = ['', '/extension', '/server', '/testing']
    .map((entry) => `console.log(Object.keys(await import('osquery-remote${entry}')).join())`)
    .join(';');
  const node = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: project });

  const [plugins, extension, server, testing] = (await node).stdout.trim().split('\n');

  expect(plugins).toContain('runRemote');
  expect(extension).toContain('runExtension');
  expect(server).toContain('createServer');
  expect(testing).toContain('VirtualClock');
});

test('a module of a user and the extension have the same RemoteError', async () => {
  const script = `
    const installed = await import('osquery-remote');
    const beside = await import('./node_modules/osquery-remote/dist/ext/index.js');
    console.log(installed.RemoteError === beside.RemoteError);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: project,
  });

  expect(stdout).toBe('true\n');
});

test('the command knows its version, and shows the demo', { timeout: 90_000 }, async () => {
  expect((await run('osquery-remote', ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);

  const { code, stdout } = await run('osquery-remote', ['demo', '--once', '--stand-in']);

  expect([code, stdout]).toEqual([0, expect.stringContaining('complete: enrolled')]);
});
