import pc from 'picocolors';
import { expect, test } from 'vitest';
import { DemoLog } from '../../src/cli/demo/log.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function setUp(colored = false) {
  return new DemoLog(pc.createColors(colored), ['made-up-secret'], () => at);
}

test('one line says who asked what and what came back, and below it stands what was delivered', () => {
  const log = setUp();
  const line = { name: 'time', action: 'added', columns: { hour: '3' } };
  log.lines({ stream: 'result', node: 'n', lines: [Buffer.from(JSON.stringify(line))] });

  expect(
    log.event({ kind: 'log_received', node: 'n', stream: 'result', lines: 1, repeated: 0, bytes: 9, at }),
  ).toBe(
    '03:04:05.678  log           n delivers 1 result line → taken\n' +
      '                            time added {"hour":"3"}\n',
  );
});

test('lines of osqueryd and of the extension are told apart', () => {
  const log = setUp();

  expect(log.output('W0102 03:04:05.678901   123 watcher.cpp:739] respawning')).toBe(
    '03:04:05.678  osqueryd      watcher.cpp:739] respawning\n',
  );
  expect(log.output('osquery-remote: warning: the server is away')).toBe(
    '03:04:05.678  extension     warning: the server is away\n',
  );
});

test('secrets are hidden wherever they come from, and control characters do nothing', () => {
  const log = setUp();

  expect(log.output('the secret is made-up-secret\u001b[2J')).toBe(
    '03:04:05.678  osqueryd      the secret is ******\ufffd[2J\n',
  );
  expect(log.block('a made-up-secret')).not.toContain('made-up');
  expect(log.event({ kind: 'server_error', place: 'log', reason: 'made-up-secret', at })).not.toContain(
    'made-up',
  );
});

test('a terminal gets colours', () => {
  expect(setUp(true).note('red', 'x')).toContain('\u001b[31m');
});
