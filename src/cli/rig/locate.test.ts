import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realOsqueryd } from './locate.ts';

describe('realOsqueryd', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'locate-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  function program(body: string, mode = 0o755): string {
    const path = join(directory, 'osqueryd');
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, mode);
    return path;
  }

  it('finds the one that OSQUERYD names, with its version', async () => {
    const path = program('echo "osqueryd version 5.23.0"');

    expect(await realOsqueryd({ OSQUERYD: path, PATH: '' })).toEqual({
      kind: 'real',
      command: path,
      args: [],
      label: `osqueryd 5.23.0 (${path})`,
    });
  });

  it('finds it on the PATH, and nothing where there is none', async () => {
    expect(await realOsqueryd({ PATH: directory })).toBeUndefined();
    program('echo "osqueryd version 5.23.0"');
    expect((await realOsqueryd({ PATH: `/nonexistent:${directory}` }))?.kind).toBe('real');
    expect((await realOsqueryd({ PATH: directory, OSQUERYD: '' }))?.kind).toBe('real');
  });

  it('takes no file on the PATH that cannot be executed', async () => {
    program('echo "osqueryd version 5.23.0"', 0o644);

    expect(await realOsqueryd({ PATH: directory })).toBeUndefined();
  });

  it.each([
    ['echo hello', 0o755, 'its --version does not name osqueryd'],
    ['echo "osqueryi version 5.23.0"', 0o755, 'its --version does not name osqueryd'],
    ['exit 127', 0o755, 'its --version failed (127)'],
    ['echo "osqueryd version 5.23.0"', 0o644, 'it may not be executed'],
  ])('refuses one that says %j with mode %o', async (body, mode, reason) => {
    const path = program(body, mode);

    await expect(realOsqueryd({ OSQUERYD: path })).rejects.toThrow(
      `OSQUERYD=${path} is not an osqueryd that can be used: ${reason}`,
    );
  });

  it('refuses one that is not there', async () => {
    await expect(realOsqueryd({ OSQUERYD: '/nonexistent' })).rejects.toThrow('there is no such file');
  });
});
