import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkModuleFile } from './module-file.ts';

let dir: string;
let path: string;
const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const somebody = { uid: me.uid + 1, gid: me.gid + 1 };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'module-file-'));
  chmodSync(dir, 0o755);
  path = join(dir, 'transport.ts');
  writeFileSync(path, '');
  chmodSync(path, 0o644);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const why = (file: string, who = me) => {
  try {
    return checkModuleFile(file, who);
  } catch (error) {
    return error instanceof Error
      ? error.message.replace(`settings: OSQUERY_REMOTE_TRANSPORT=${file}: `, '')
      : '';
  }
};

describe('a module file', () => {
  test('of our own that only we can write is taken', () => {
    expect(checkModuleFile(path, me)).toBe(path);
  });

  test('must be named by an absolute path', () => {
    expect(why('transport.ts')).toBe('it must be an absolute path');
  });

  test('must be there, and be a file', () => {
    expect(why(join(dir, 'nothing.ts'))).toBe('there is no such file');
    expect(why(dir)).toBe('it is no file');
  });

  test('must not be writable by all', () => {
    chmodSync(path, 0o646);
    expect(why(path)).toBe(`${path} can be written by others: chmod go-w ${path}`);
  });

  test('must not stand in a directory where all may write, sticky or not', () => {
    chmodSync(dir, 0o1777);
    expect(why(path)).toBe(`${dir} can be written by others: chmod go-w ${dir}`);
  });

  test.skipIf(me.gid === 0)('may be writable by our own group (needs a user that is not root)', () => {
    chmodSync(path, 0o664);
    expect(why(path)).toBe(path);
  });

  test.skipIf(me.uid === 0)('must not belong to somebody else (needs a user that is not root)', () => {
    expect(why(path, somebody)).toBe(
      `${path} belongs to user ${me.uid}: give it to root (chown root ${path})`,
    );
  });

  test('is looked at where it really is', () => {
    const open = join(dir, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    writeFileSync(join(open, 'real.ts'), '');
    const link = join(dir, 'link.ts');
    symlinkSync(join(open, 'real.ts'), link);
    expect(why(link)).toBe(`${open} can be written by others: chmod go-w ${open}`);
  });
});
