import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from './osqueryd.ts';

describe('osquery-remote osqueryd', () => {
  const written = () =>
    vi
      .mocked(process.stderr.write)
      .mock.calls.map(([text]) => String(text))
      .join('');

  afterEach(() => vi.restoreAllMocks());

  it('refuses a flag that osqueryd does not know, with one line', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);

    expect(await run(['--config_plugni=remote'])).toBe(1);
    expect(written()).toBe("ERROR: unknown command line flag 'config_plugni'\n");
  });

  it('ends with 78 when the logger is missing, and says which', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const directory = mkdtempSync(join(tmpdir(), 'cli-'));
    writeFileSync(join(directory, 'osquery.conf'), '{}');

    const code = await run([
      '--disable_watchdog',
      `--extensions_socket=${directory}/osq.em`,
      `--config_path=${directory}/osquery.conf`,
      '--logger_plugin=remote',
    ]);

    expect(code).toBe(78);
    expect(written()).toContain('Cannot activate remote logger plugin: Unknown registry plugin: remote\n');
  });
});
