import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareDirectory, StoreError } from './directory.ts';

let dir: string;
let store: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'));
  store = join(dir, 'osquery.db.remote');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function mode(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

function make(bits: number): void {
  mkdirSync(store);
  chmodSync(store, bits);
}

test('one that is not there is made for its owner alone, whatever the umask is', () => {
  const before = process.umask(0);
  try {
    prepareDirectory(store);
  } finally {
    process.umask(before);
  }
  expect(mode(store)).toBe('700');
  prepareDirectory(store);
});

test('one whose parents are not there is made with them', () => {
  const deep = join(dir, 'a', 'b', 'osquery.db.remote');
  prepareDirectory(deep);
  expect(mode(join(dir, 'a', 'b'))).toBe('700');
  expect(mode(deep)).toBe('700');
});

test.skipIf(process.platform !== 'linux')('one in a place where none can be made is refused', () => {
  expect(() => prepareDirectory('/proc/nowhere/store')).toThrow(
    '/proc/nowhere/store cannot be made (ENOENT); set OSQUERY_REMOTE_STORE to a directory that can',
  );
});

test.each([0o755, 0o750, 0o711, 0o700])(
  'one of before with mode %o is used, and closed to others',
  (bits) => {
    make(bits);
    prepareDirectory(store);
    expect(mode(store)).toBe('700');
  },
);

test.each([0o777, 0o770, 0o720, 0o702, 0o1777])('one with mode %o is refused, and left as it is', (bits) => {
  make(bits);
  expect(() => prepareDirectory(store)).toThrow(
    `others can write in ${store} (mode ${bits.toString(8)}); after a look at what is in it: chmod 700 ${store}`,
  );
  expect(mode(store)).toBe(bits.toString(8));
});

describe('in a directory where others can write', () => {
  test.each([
    ['one that is there', true],
    ['a new one', false],
  ])('%s is refused', (_, there) => {
    chmodSync(dir, 0o757);
    if (there) make(0o700);
    const attempt = () => prepareDirectory(store);
    expect(attempt).toThrow(StoreError);
    expect(attempt).toThrow(
      `others can write in ${dir} (mode 757) and replace the store there: chmod o-w ${dir}`,
    );
  });

  test('but cannot take away what is not theirs, one is used', () => {
    chmodSync(dir, 0o1777);
    prepareDirectory(store);
  });
});

test('a file is no directory', () => {
  writeFileSync(store, '');
  expect(() => prepareDirectory(store)).toThrow(
    `${store} is not a directory; remove it, or set OSQUERY_REMOTE_STORE to another place`,
  );
});

test('a link is no directory, wherever it leads', () => {
  mkdirSync(join(dir, 'elsewhere'), { mode: 0o700 });
  symlinkSync(join(dir, 'elsewhere'), store);
  expect(() => prepareDirectory(store)).toThrow(`${store} is not a directory`);
});

test('a place that cannot be made says why', () => {
  writeFileSync(join(dir, 'file'), '');
  const below = join(dir, 'file', 'store');
  expect(() => prepareDirectory(below)).toThrow(StoreError);
  expect(() => prepareDirectory(below)).toThrow(
    `${below} cannot be looked at (ENOTDIR); set OSQUERY_REMOTE_STORE to another place`,
  );
  expect(() => prepareDirectory(join(dir, 'x'.repeat(256)))).toThrow(
    /cannot be (made|looked at) \(ENAMETOOLONG\); set OSQUERY_REMOTE_STORE/,
  );
});

test.skipIf(process.geteuid?.() !== 0)('one of somebody else is refused (needs root)', () => {
  make(0o700);
  chownSync(store, 12_345, 12_345);
  expect(() => prepareDirectory(store)).toThrow(
    `${store} belongs to uid 12345, and this runs as uid 0: chown 0 ${store}, or set OSQUERY_REMOTE_STORE`,
  );
});
