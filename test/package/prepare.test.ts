import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './build.ts';

/** What the scripts find in a checkout, as small as it can be. */
const sources = {
  'src/cli/main.ts': 'export {};\n',
  'src/plugins/main.ts': "import { code } from './transport/error.ts';\nprocess.exitCode = code;\n",
  'src/plugins/transport/worker.ts': 'export {};\n',
  'src/plugins/transport/error.ts': 'export const code: number = 7;\n',
  'src/plugins/transport/index.ts': "export { code } from './error.ts';\n",
};

/** Does what `npm ci` does as far as the scripts see it, and counts. */
const fakeNpm = `
const { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
appendFileSync('npm-calls', process.argv[2] + '\\n');
if (process.env.NPM_FAILS) { console.error('npm error: made up'); process.exit(1); }
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules');
for (const name of ['typescript', '@typescript', 'esbuild', '@esbuild', '@types', 'undici-types'])
  symlinkSync(${JSON.stringify(join(root, 'node_modules'))} + '/' + name, 'node_modules/' + name);
writeFileSync('node_modules/.package-lock.json', '{}');
`;

let checkout: string;
const running: ChildProcess[] = [];

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'prepare-'));
  cpSync(join(root, 'scripts'), join(checkout, 'scripts'), { recursive: true });
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) cpSync(join(root, file), join(checkout, file));
  for (const [file, text] of Object.entries(sources)) write(file, text);
  write('package.json', '{"type":"module"}');
  write('package-lock.json', '{}');
  write('npm-cli.cjs', fakeNpm);
});

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  rmSync(checkout, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(checkout, file)), { recursive: true });
  writeFileSync(join(checkout, file), text);
}

/** Runs the script as an npm script does, but from another directory. */
function run(env: Record<string, string> = {}, onSaid = (_text: string) => {}) {
  const child = spawn(process.execPath, [join(checkout, 'scripts/prepare.mjs')], {
    cwd: '/',
    env: { ...process.env, npm_execpath: join(checkout, 'npm-cli.cjs'), ...env },
  });
  running.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
    onSaid(text);
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  return new Promise<{ code: number | null; said: string; printed: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, said, printed }));
  });
}

const calls = () => readFileSync(join(checkout, 'npm-calls'), 'utf8').trim().split('\n');

test('a fresh clone is installed and built, and then there is nothing more to do', async () => {
  const first = await run();

  expect(first).toEqual({ code: 0, said: 'Installing packages (npm ci)…\nBuilding…\n', printed: '' });
  const { mode } = statSync(join(checkout, 'bin/osquery-remote.ext'));
  expect((mode & 0o777).toString(8)).toBe('755');
  for (const file of ['cli/main.js', 'ext/start.js', 'ext/main.js', 'ext/worker.js']) {
    expect([file, existsSync(join(checkout, 'dist', file))]).toEqual([file, true]);
  }
  expect(await run()).toEqual({ code: 0, said: '', printed: '' });
  expect(calls()).toEqual(['ci']);
});

test('two at once do the work once', async () => {
  const both = await Promise.all([run(), run()]);

  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(calls()).toEqual(['ci']);
  expect(both.flatMap(({ said }) => said.match(/Building/g) ?? [])).toHaveLength(1);
});

test('a changed source is built, a changed lock file is installed', async () => {
  await run();
  appendFileSync(join(checkout, 'src/cli/main.ts'), 'export const more = 1;\n');
  expect((await run()).said).toBe('Building…\n');
  expect(readFileSync(join(checkout, 'dist/cli/main.js'), 'utf8')).toContain('more');

  write('package-lock.json', '{ }');
  expect((await run()).said).toContain('Installing packages');
  expect(calls()).toEqual(['ci', 'ci']);
});

test('what is removed from the sources is removed from the build, and what is removed from the build comes back', async () => {
  write('src/gone.ts', 'export {};\n');
  await run();
  expect(existsSync(join(checkout, 'dist/gone.js'))).toBe(true);
  rmSync(join(checkout, 'src/gone.ts'));
  await run();
  expect(existsSync(join(checkout, 'dist/gone.js'))).toBe(false);

  rmSync(join(checkout, 'bin'), { recursive: true });
  expect((await run()).said).toBe('Building…\n');
  expect(existsSync(join(checkout, 'bin/osquery-remote.ext'))).toBe(true);
});

test('a source with a wrong type is told, and tried again', async () => {
  await run();
  write('src/cli/main.ts', "export const wrong: number = 'text';\n");
  for (let i = 0; i < 2; i++) {
    const { code, said } = await run();
    expect(code).toBe(1);
    expect(said).toMatch(
      /^Building…\nsrc\/cli\/main\.ts\(1,14\): .*\nThe build failed: the types do not fit\.\n$/,
    );
  }
});

test('when packages cannot be installed, the end of what npm says is shown', async () => {
  const { code, said } = await run({ NPM_FAILS: '1' });

  expect(code).toBe(1);
  expect(said).toBe(
    'Installing packages (npm ci)…\nnpm error: made up\nnpm ci failed: the packages could not be installed.\n',
  );
});

test('a lock of a process that is gone is taken over', async () => {
  const child = spawn(process.execPath, ['-e', '0']);
  await new Promise((resolve) => child.once('exit', resolve));
  write('dist/.prepare.lock', String(child.pid));

  expect((await run()).code).toBe(0);
  expect(existsSync(join(checkout, 'dist/.prepare.lock'))).toBe(false);
});

test('while another process holds the lock, it waits and says for whom', async () => {
  const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  running.push(holder);
  write('dist/.prepare.lock', String(holder.pid));
  let waiting: ReturnType<typeof run> | undefined;
  const told = await new Promise<string>((resolve) => {
    waiting = run({}, resolve);
  });
  expect(told).toBe(`Waiting for process ${holder.pid}, which installs or builds in this directory…\n`);
  expect(existsSync(join(checkout, 'npm-calls'))).toBe(false);

  rmSync(join(checkout, 'dist/.prepare.lock'));

  expect(await waiting).toMatchObject({ code: 0, said: expect.stringContaining('Building') });
});
