import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examine } from '../../src/cli/doctor/index.ts';
import { failure, ok, type Step, skipped, warning } from '../../src/cli/doctor/step.ts';
import { DoctorBench } from './doctor-bench.ts';

let bench: DoctorBench;
beforeAll(async () => {
  bench = await DoctorBench.create();
});
afterAll(() => bench.close());

const step = (name: string, check: Step['check'], needs: string[] = []): Step => ({ name, needs, check });

/** Steps of every kind. */
const steps: readonly Step[] = [
  step('one', () => [ok('is well')]),
  step('two', () => [warning('could be better', 'do something about it'), ok('goes on')]),
  step('three', () => [failure('is broken', 'mend it'), failure('is \u001b[31mred')]),
  step('four', () => [ok('never')], ['three']),
  step('five', () => [ok('never')], ['four', 'one']),
  step('six', () => [skipped('not today')]),
  step('seven', () => Promise.reject(new Error('a defect'))),
];

async function show(argv: readonly string[], isTTY: boolean, columns = 60, with_: readonly Step[] = steps) {
  let out = '';
  let err = '';
  const stdout = { isTTY, columns, write: (text: string) => (out += text) };
  const stop = new AbortController();
  const code = await examine(
    argv,
    { stdout, stderr: { write: (text) => (err += text) }, stop: stop.signal },
    { env: {} },
    with_,
  );
  return { code, out, err };
}

const report = `/flags

ok       one    is well
warning  two    could be better
                → do something about it
ok       two    goes on
failure  three  is broken
                → mend it
failure  three  is \ufffd[31mred
skipped  four   not tried: first three must be in order
skipped  five   not tried: first four must be in order
skipped  six    not today
failure  seven  cannot be checked: a defect

2 ok, 1 warning, 3 failures, 3 skipped
`;

test('the report has one line for each finding, and ends with 1 when something failed', async () => {
  const file = bench.flagFile();
  const { code, out } = await show(['--flagfile', file], false);
  expect(code).toBe(1);
  expect(stripVTControlCharacters(out)).toBe(report.replace('/flags', file));
});

test('without a terminal there are no colours', async () => {
  const plain = steps.slice(0, 2);
  expect((await show(['--flagfile', bench.flagFile()], false, 80, plain)).out).not.toContain('\u001b');
});

test('on a terminal lines are broken where the text begins', async () => {
  const long = [
    step('one', () => [
      warning('one two three four five six seven eight nine', 'ten eleven twelve thirteen fourteen fifteen'),
    ]),
  ];
  const { out, code } = await show(['--flagfile', bench.flagFile()], true, 55, long);
  expect(stripVTControlCharacters(out).split('\n').slice(2, -3)).toEqual([
    'warning  one  one two three four five six seven eight',
    '              nine',
    '              → ten eleven twelve thirteen fourteen',
    '                fifteen',
  ]);
  expect(code).toBe(0);
});

test('--json has one object for each finding, and nothing else', async () => {
  const { out } = await show(['--json', '--flagfile', bench.flagFile()], true);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(9);
  expect(lines[1]).toEqual({
    step: 'two',
    level: 'warning',
    text: 'could be better',
    advice: 'do something about it',
  });
});

test('flags behind -- win over the file, and stand for one', async () => {
  const argv = ['--json', '--flagfile', bench.flagFile({ tls_hostname: 'a:1' }), '--', '--tls_hostname=b c'];
  expect((await bench.examine({}, { argv })).of('server')).toEqual([
    'failure server: --tls_hostname is no host[:port]: b c → --tls_hostname=host:port',
  ]);
  const alone = await bench.examine(
    {},
    { argv: ['--json', '--', '--tls_hostname=https://x', '--extensions_socket=/none.em'] },
  );
  expect(alone.of('server')[0]).toContain('has a scheme in front');
});

test.each([
  [['--flagfile', '/no/such/flags'], 2, 'cannot read the flag file /no/such/flags (ENOENT)'],
  [['--', '--no_such_flag=1'], 2, "ERROR: unknown command line flag 'no_such_flag'"],
  [
    ['--socket', 'a', '--flagfile', 'b'],
    2,
    '--socket asks osqueryd for its flags: give either it, or --flagfile and flags',
  ],
  [['--colour'], 2, "Unknown option '--colour' (osquery-remote doctor --help)"],
  [['--socket', '/no/such.em'], 1, 'osqueryd does not answer at /no/such.em (socket: '],
])('%j ends at once', async (argv, code, text) => {
  const ended = await show(argv, false);
  expect(ended).toMatchObject({ code, out: '' });
  expect(ended.err).toContain(`osquery-remote doctor: ${text}`);
});

test('--help explains the command', async () => {
  expect(await show(['--help'], false)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^osquery-remote doctor: /),
  });
});
