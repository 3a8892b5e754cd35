import { describe, expect, test } from 'vitest';
import { differing } from '../../src/cli/doctor/environment.ts';
import { holderIn } from '../../src/cli/doctor/file-lock.ts';
import { troubleOf } from '../../src/cli/doctor/file-system.ts';
import { parseFlagFile } from '../../src/cli/doctor/flag-file.ts';
import { wrap } from '../../src/cli/doctor/report.ts';

const problems = (text: string) =>
  parseFlagFile(text, 'f').problems.map(
    (problem) =>
      `${problem.level} ${problem.text}${problem.advice === undefined ? '' : ` → ${problem.advice}`}`,
  );

describe('a flag file', () => {
  test('is read as gflags reads it', () => {
    const file = parseFlagFile(
      '# a comment\n\n  --tls_hostname=host:1\r\n-utc\n--noverbose\n--config_refresh=7',
      'f',
    );
    expect(file).toEqual({
      argv: ['--tls_hostname=host:1', '-utc', '--noverbose', '--config_refresh=7'],
      problems: [],
    });
  });

  test('may be for osqueryd alone', () => {
    expect(parseFlagFile('osqueryi osqueryd\n--tls_hostname=h\n', 'f')).toEqual({
      argv: ['--tls_hostname=h'],
      problems: [],
    });
  });

  test('with a line that is no flag loses all lines after it', () => {
    const file = parseFlagFile('--config_plugin=remote\ntls_hostname=h\n--logger_plugin=remote\n', 'f');
    expect(file.argv).toEqual(['--config_plugin=remote']);
    expect(file.problems).toEqual([
      {
        level: 'failure',
        text: 'f:2 does not start with --: osqueryd takes it for the name of a program, and passes over all lines after it',
        advice: 'write --name=value, or # in front of it',
      },
    ]);
  });

  test.each([
    [
      '--tls_hostname host',
      'failure f:1: there is white space behind --tls_hostname, so osqueryd passes over the line without a word → --tls_hostname=…, with = in place of the space',
    ],
    [
      '--tls_hostname = host',
      'failure f:1: there is white space behind --tls_hostname, so osqueryd passes over the line without a word → --tls_hostname=… without spaces',
    ],
    [
      '--tls_hostname',
      'failure f:1: --tls_hostname has no value, so osqueryd passes over the line → --tls_hostname=…',
    ],
    [
      '--config_refresh=soon',
      'failure f:1: the value of --config_refresh is no uint64, and osqueryd does not start → correct it',
    ],
    [
      '--tls_hostnme=host',
      'failure f:1: no osqueryd that we know has a flag --tls_hostnme; osqueryd passes over what it does not know → --tls_hostname, if that is meant',
    ],
    [
      '--yara_sigurl_authenticate=true',
      'warning f:1: no osqueryd that we know has a flag --yara_sigurl_authenticate; osqueryd passes over what it does not know',
    ],
    [
      '--flagfile=/no/such/file',
      'failure f:1: the file that it names cannot be read, and osqueryd does not start',
    ],
    [
      '--tls_hostname=host ',
      'warning f:1: the white space at the end of the line becomes part of --tls_hostname → remove it',
    ],
    [
      '--tls_hostname="host"',
      'warning f:1: the quotes become part of --tls_hostname, as no shell reads this file → remove them',
    ],
  ])('%s', (line, problem) => {
    expect(problems(`${line}\n`)).toEqual([problem]);
  });

  test('is quoted nowhere: what is wrong may be a secret', () => {
    for (const line of [
      'a-secret',
      '--enroll_secret=a-secret',
      '--config_refresh=a-secret',
      '--enroll_secret_path a-secret',
    ]) {
      expect(problems(line)).toHaveLength(1);
      expect(problems(line).join()).not.toContain('a-secret');
    }
  });
});

test('what osqueryd has in its environment and we have not is named, if it concerns us', () => {
  const environ =
    'PATH=/bin\0OSQUERY_REMOTE_STORE=/var/s\0OSQUERY_REMOTE_SYNC=never\0NO_PROXY=a,b=c\0SECRET=x\0';
  expect(differing(environ, { OSQUERY_REMOTE_SYNC: 'never' })).toEqual(['OSQUERY_REMOTE_STORE', 'NO_PROXY']);
  expect(
    differing(environ, { OSQUERY_REMOTE_SYNC: 'never', OSQUERY_REMOTE_STORE: '/var/s', NO_PROXY: 'a,b=c' }),
  ).toEqual([]);
});

test('who has locked a file stands in /proc/locks', () => {
  const locks =
    '1: FLOCK  ADVISORY  WRITE 11 fe:00:77 0 EOF\n2: POSIX  ADVISORY  READ 12 fe:00:77 0 EOF\n3: POSIX  ADVISORY  WRITE 2557 fe:00:77 0 EOF\n';
  expect(holderIn(locks, 77n)).toBe(2557);
  expect(holderIn(locks, 7n)).toBeUndefined();
});

test.each([
  [0xef53, undefined],
  [0x6969, 'is on NFS: a write that hangs there makes osqueryd wait, and locks are not to be relied on'],
  [0xff534d42, 'is on CIFS: a write that hangs there makes osqueryd wait, and locks are not to be relied on'],
  [
    0xff534d42 - 2 ** 32,
    'is on CIFS: a write that hangs there makes osqueryd wait, and locks are not to be relied on',
  ],
  [0x65735546, 'is on FUSE: a write that hangs there makes osqueryd wait, and locks are not to be relied on'],
  [0x01021994, 'is on tmpfs, in memory: lines that wait are lost with a reboot'],
])('a store on a file system of type %i', (type, trouble) => {
  expect(troubleOf(type)).toBe(trouble);
});

test('text is broken at spaces', () => {
  expect(wrap('one two three-and-more four', 8)).toEqual(['one two', 'three-and-more', 'four']);
});
