import { expect, test } from 'vitest';
import { type CommandEntry, commands } from '../../src/cli/commands.ts';
import { dispatch } from '../../src/cli/dispatch.ts';

/** Runs the command line with commands that are made up. */
async function run(argv: string[], work: (argv: string[]) => Promise<number> = async () => 0) {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const entries: Record<string, CommandEntry> = {
    work: { summary: 'does the work', load: async () => work },
    rest: { summary: 'rests', load: () => Promise.reject(new Error('not loaded')) },
  };
  const context = { stdout: output('stdout'), stderr: output('stderr'), commands: entries };
  return { code: await dispatch(argv, context), ...written };
}

test('a command gets what stands after its name, and its exit code counts', async () => {
  const seen: string[][] = [];
  const { code } = await run(['work', '--help', 'x'], async (argv) => {
    seen.push(argv);
    return 3;
  });

  expect([code, seen]).toEqual([3, [['--help', 'x']]]);
});

test.each([
  [[], 'give a command'],
  [['wrok'], 'there is no command "wrok"'],
  [['toString'], 'there is no command "toString"'],
  [['--nope'], 'there is no command "--nope"'],
])('%j is answered with one line that names the commands, and exit code 2', async (argv, problem) => {
  expect(await run(argv)).toEqual({
    code: 2,
    stdout: '',
    stderr: `osquery-remote: ${problem}; commands are work, rest (osquery-remote --help)\n`,
  });
});

test('help lists every command with what it does', async () => {
  const { code, stdout } = await run(['--help']);

  expect(code).toBe(0);
  expect(stdout).toContain('  work  does the work\n  rest  rests\n');
});

test('the version is that of the package', async () => {
  expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
});

test('what goes wrong outside of us is one line; what is wrong with us comes with all that is known', async () => {
  const outside = await run(['work'], async () => {
    throw Object.assign(new TypeError('Invalid URL\nand more'), { code: 'ERR_INVALID_URL' });
  });
  expect(outside).toMatchObject({ code: 1, stderr: 'osquery-remote work: Invalid URL\n' });

  const ours = await run(['work'], async () => {
    throw new TypeError('x is undefined');
  });
  expect(ours.stderr).toMatch(/please report it\nTypeError: x is undefined\n {4}at /);
});

test('every command of the table can be loaded', async () => {
  for (const { load } of Object.values(commands)) expect(await load()).toBeTypeOf('function');
});
