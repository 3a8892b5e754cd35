import { afterEach, expect, test, vi } from 'vitest';
import { checks } from '../../src/cli/checks/index.ts';
import { test as testOsqueryd } from '../../src/cli/test-osqueryd.ts';

afterEach(() => vi.unstubAllEnvs());

async function run(env: Readonly<Record<string, string>>, argv: readonly string[] = []) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const stop = new AbortController().signal;
  const code = await testOsqueryd(argv, { stdout: output('stdout'), stderr: output('stderr'), stop });
  return { code, ...written };
}

test('without an osqueryd everything is skipped, and that is no failure', async () => {
  expect(await run({ OSQUERYD: '', PATH: '/nonexistent' })).toEqual({
    code: 0,
    stdout: `0 passed, 0 failed, ${checks.length} skipped (set OSQUERYD)\n`,
    stderr: '',
  });
});

test('an osqueryd that cannot be used is a failure, and one line', async () => {
  expect(await run({ OSQUERYD: '/nonexistent' })).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'osquery-remote test-osqueryd: OSQUERYD=/nonexistent is not an osqueryd that can be used: there is no such file\n',
  });
});

test('arguments that nobody knows are refused', async () => {
  const { code, stderr } = await run({}, ['--nope']);

  expect(code).toBe(2);
  expect(stderr).toBe("osquery-remote test-osqueryd: Unknown option '--nope'\n");
});
