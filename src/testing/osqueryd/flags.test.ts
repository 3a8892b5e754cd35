import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FlagError, Flags } from './flags.ts';

describe('flags of the command line', () => {
  it('take all forms of gflags', () => {
    const flags = new Flags([
      '--config_plugin=remote',
      '-logger_plugin=remote,stdout',
      '--extensions_socket',
      '/tmp/x.em',
      '--noutc',
      '--disable_watchdog',
      '--verbose=t',
    ]);

    expect(flags.text('config_plugin')).toBe('remote');
    expect(flags.text('logger_plugin')).toBe('remote,stdout');
    expect(flags.text('extensions_socket')).toBe('/tmp/x.em');
    expect(flags.bool('utc')).toBe(false);
    expect(flags.bool('disable_watchdog')).toBe(true);
    expect(flags.text('verbose')).toBe('true');
  });

  it('keep the default when they are not given', () => {
    const flags = new Flags([]);

    expect(flags.text('extensions_timeout')).toBe('3');
    expect(flags.number('config_accelerated_refresh')).toBe(300);
    expect(flags.bool('disable_distributed')).toBe(true);
  });

  it('come from a flagfile, and the last one wins', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'flags-')), 'osquery.flags');
    writeFileSync(file, '# a comment\n--config_refresh=60\n\n--distributed_interval=7\n');

    const flags = new Flags([`--flagfile=${file}`, '--config_refresh=5']);

    expect(flags.number('config_refresh')).toBe(5);
    expect(flags.number('distributed_interval')).toBe(7);
    expect(flags.text('flagfile')).toBe(file);
  });

  it.each([
    [['--no_such_flag=1'], "ERROR: unknown command line flag 'no_such_flag'"],
    [['--config_refresh=soon'], "ERROR: illegal value 'soon' specified for uint64 flag 'config_refresh'"],
    [['--config_refresh=-1'], "ERROR: illegal value '-1' specified for uint64 flag 'config_refresh'"],
    [
      ['--logger_min_status=2147483648'],
      "ERROR: illegal value '2147483648' specified for int32 flag 'logger_min_status'",
    ],
    [['--config_plugin'], "ERROR: flag '--config_plugin' is missing its argument"],
    [['--flagfile=/nonexistent/flags'], '/nonexistent/flags: No such file or directory'],
  ])('%j are refused in the words of gflags', (argv, message) => {
    expect(() => new Flags(argv)).toThrow(new FlagError(message));
  });

  it('are found under their other names, which options() leaves out', () => {
    const flags = new Flags(['--config_tls_refresh=9']);

    expect(flags.text('config_refresh')).toBe('9');
    expect(flags.text('config_tls_refresh')).toBe('9');
    expect(flags.options().has('config_tls_refresh')).toBe(false);
  });
});

describe('options()', () => {
  it('lists 176 flags in byte order, capitals first', () => {
    const names = [...new Flags([]).options().keys()];

    expect(names).toHaveLength(176);
    expect(names.slice(0, 5)).toEqual(['A', 'D', 'L', 'S', 'alarm_timeout']);
  });

  it('leaves the flag for unverified servers to builds with assertions', () => {
    expect(new Flags([], false).options().has('tls_allow_unsafe')).toBe(false);
  });

  it('tells type, value and default', () => {
    expect(new Flags(['--thrift_timeout=3']).options().get('thrift_timeout')).toEqual({
      type: 'uint32',
      value: '3',
      defaultValue: '300',
    });
  });
});

describe('options of a config', () => {
  it('set open flags and custom ones, and nothing that belongs to the command line', () => {
    const flags = new Flags([]);

    expect(flags.setByConfig('distributed_interval', '10')).toBe('set');
    expect(flags.setByConfig('custom_remote_url', 'x')).toBe('set');
    expect(flags.setByConfig('logger_plugin', 'stdout')).toBe('cli_only');
    expect(flags.setByConfig('no_such_flag', '1')).toBe('unknown');
    expect(flags.setByConfig('distributed_interval', 'often')).toBe('invalid');

    expect(flags.number('distributed_interval')).toBe(10);
    expect(flags.options().get('custom_remote_url')).toEqual({
      type: 'string',
      value: 'x',
      defaultValue: '',
    });
    expect(flags.text('logger_plugin')).toBe('filesystem');
  });
});
