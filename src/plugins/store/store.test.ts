import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import { Store } from './store.ts';

let dir: string;
let path: string;
let clock: VirtualClock;
let said: string[];
let ending: AbortController;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'));
  path = join(dir, 'osquery.db.remote');
  clock = new VirtualClock();
  said = [];
  ending = new AbortController();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(options: { readonly temporary?: true } = {}): Promise<Store> {
  const log = (level: string, text: string) => said.push(`${level} ${text}`);
  return Store.open({ path: options.temporary ? undefined : path, clock, log, signal: ending.signal });
}

test('what was put is there after a restart', async () => {
  const first = await open();
  await first.put('a!b', { n: 1, text: 'ä' });
  await first.put('a!bc', 'another');
  await first.close();
  const second = await open();
  expect(await second.get('a!b')).toEqual({ n: 1, text: 'ä' });
  expect(await second.get('a!')).toBeUndefined();
  expect(second.path).toBe(path);
  expect(second.journal).toBe(join(path, 'outbox'));
  await second.close();
  expect(existsSync(path)).toBe(true);
  expect(said).toEqual([]);
});

test('what is no JSON is as good as nothing', async () => {
  const store = await open();
  await store.lookups.batch([{ type: 'put', key: 'k', value: '{' }], {});
  expect(await store.get('k')).toBeUndefined();
  await store.close();
});

describe('a store that a predecessor still has', () => {
  let predecessor: Level;

  beforeEach(async () => {
    const store = await open();
    await store.put('k', 1);
    await store.close();
    predecessor = new Level(join(path, 'level'));
    await predecessor.open();
  });
  afterEach(() => predecessor.close());

  test('is waited for without a word', async () => {
    const opening = open();
    for (let waitedMs = 0; waitedMs < 5000; waitedMs += 100) {
      await clock.sleeping(100);
      await clock.advance(100);
    }
    await clock.sleeping(100);
    await predecessor.close();
    await clock.advance(100);
    const store = await opening;
    expect(await store.get('k')).toBe(1);
    await store.close();
    expect(said).toEqual([]);
  });

  test('is said to be taken after 10 s, once, and waited for all the same', async () => {
    const opening = open();
    for (let waitedMs = 0; waitedMs < 9900; waitedMs += 100) {
      await clock.sleeping(100);
      await clock.advance(100);
    }
    expect(said).toEqual([]);
    await clock.sleeping(100);
    await clock.advance(100);
    await clock.sleeping(1000);
    const told = `error the store ${path}/level is taken by another process: end it (fuser ${path}/level/LOCK names it), or set OSQUERY_REMOTE_STORE; lines are kept in memory meanwhile`;
    expect(said).toEqual([told]);
    await clock.advance(1000);
    await clock.sleeping(1000);
    expect(said).toEqual([told]);

    await predecessor.close();
    await clock.advance(1000);
    const store = await opening;
    expect(await store.get('k')).toBe(1);
    await store.close();
  });

  test('does not keep the process from ending', async () => {
    const opening = open();
    await clock.sleeping(100);
    ending.abort(new Error('the process ends'));
    await expect(opening).rejects.toThrow('the process ends');
  });
});

test('a damaged database is set aside, and a new one begun', async () => {
  const first = await open();
  await first.put('k', 1);
  await first.close();
  writeFileSync(join(path, 'level', 'CURRENT'), 'nonsense');

  const second = await open();
  expect(await second.get('k')).toBeUndefined();
  await second.put('k', 2);
  await second.close();
  const aside = readdirSync(path).filter((name) => name.startsWith('level.damaged-'));
  expect(aside).toEqual([`level.damaged-${clock.now()}`]);
  expect(said).toEqual([
    expect.stringMatching(
      /^error the store is damaged \(.*\); it was set aside as .*level\.damaged-\d+, and a new one is begun$/,
    ),
  ]);
  const third = await open();
  expect(await third.get('k')).toBe(2);
  await third.close();
});

test('values that cannot be read any more are as good as lost, and nothing is thrown', async () => {
  // Twice, since only the second opening writes a table file.
  for (let i = 0; i < 2; i++) {
    const store = await open();
    await store.put('k', { n: i });
    await store.close();
  }
  const level = join(path, 'level');
  const [table = ''] = readdirSync(level).filter((name) => name.endsWith('.ldb'));
  truncateSync(join(level, table), 1);

  const store = await open();
  expect(await store.get('never-written')).toBeUndefined();
  await store.close();
});

test('a database that cannot be opened keeps nothing from working', async () => {
  const first = await open();
  await first.close();
  rmSync(join(path, 'level'), { recursive: true });
  writeFileSync(join(path, 'level'), 'a file in its place');

  const store = await open();
  await store.put('k', 1);
  expect(await store.get('k')).toBe(1);
  await store.close();
  expect(said).toEqual([
    expect.stringMatching(
      /^error the store .*level cannot be opened \(.*\); positions are kept in memory, and lines may be sent twice$/,
    ),
  ]);
});

describe('a temporary one', () => {
  test('is there without a path, and goes away', async () => {
    const store = await open({ temporary: true });
    await store.put('k', 1);
    expect(store.path.startsWith(tmpdir())).toBe(true);
    expect(existsSync(store.path)).toBe(true);
    await store.close();
    expect(existsSync(store.path)).toBe(false);
    expect(said).toEqual([]);
  });

  test('is taken where the path cannot be used, which is told', async () => {
    writeFileSync(path, '');
    const store = await open();
    await store.put('k', 1);
    expect(store.path).not.toBe(path);
    await store.close();
    expect(existsSync(store.path)).toBe(false);
    expect(said).toEqual([
      `error the store: ${path} is not a directory; remove it, or set OSQUERY_REMOTE_STORE to another place. Until then lines are kept in a temporary place and do not survive this process`,
    ]);
  });
});
