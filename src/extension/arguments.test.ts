import { describe, expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

describe('command line', () => {
  test('what osqueryd gives: --verbose first, each value an argument of its own', () => {
    expect(
      parseArguments([
        '--verbose',
        '--socket',
        '/var/osquery/osquery.em',
        '--timeout',
        '5',
        '--interval',
        '10',
      ]),
    ).toEqual({
      socket: '/var/osquery/osquery.em',
      timeoutMs: 5000,
      intervalMs: 10_000,
      verbose: true,
      unknown: [],
    });
  });

  test('forms that extensions of other SDKs take: an equals sign, a single dash', () => {
    expect(parseArguments(['-socket=/tmp/a=b.em', '-timeout=4', '--verbose=false'])).toMatchObject({
      socket: '/tmp/a=b.em',
      timeoutMs: 4000,
      verbose: false,
    });
    expect(parseArguments(['-socket', '/tmp/x.em', '--verbose=true'])).toMatchObject({
      socket: '/tmp/x.em',
      verbose: true,
    });
  });

  test('without a timeout or an interval 3 s, and never below 200 ms', () => {
    expect(parseArguments(['--socket', 's'])).toMatchObject({ timeoutMs: 3000, intervalMs: 3000 });
    expect(parseArguments(['--socket', 's', '--timeout', '0', '--interval', '0'])).toMatchObject({
      timeoutMs: 200,
      intervalMs: 200,
    });
  });

  test('what it does not know is handed back', () => {
    expect(parseArguments(['--socket', 's', '--colour', 'red']).unknown).toEqual(['--colour', 'red']);
  });

  test.each([
    [[], /no --socket: .*extensions_socket/],
    [['--socket'], /--socket needs a value/],
    [['--socket='], /--socket needs a value/],
    [['--socket', 's', '--timeout', 'soon'], /--timeout is "soon"; it takes a number of seconds/],
    [['--socket', 's', '--interval', '-1'], /--interval is "-1"/],
  ])('%j says what is wrong', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(message);
  });
});
