import { mkdtempSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../testing/index.ts';
import type { SegmentFiles } from './journal/index.ts';
import type { LookupStore } from './lookups.ts';
import type { Loss } from './loss.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';
import { SimulatedServer } from './simulated-server.ts';

let dir: string;
let clock: VirtualClock;
let server: SimulatedServer;
let losses: Loss[];
let openLevels: Level<string, string>[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'outbox-'));
  clock = new VirtualClock();
  server = new SimulatedServer();
  losses = [];
  openLevels = [];
});

afterEach(async () => {
  for (const level of openLevels) await level.close();
  rmSync(dir, { recursive: true, force: true });
});

function newOutbox(options: Partial<OutboxOptions> = {}): Outbox {
  const { deliver } = server;
  return new Outbox({
    dir: join(dir, 'journal'),
    clock,
    random: () => 0,
    deliver: { result: deliver, status: deliver, distributed: deliver },
    onLoss: (loss) => losses.push(loss),
    ...options,
  });
}

async function openLevel(): Promise<Level<string, string>> {
  const level = new Level<string, string>(join(dir, 'level'));
  await level.open();
  openLevels.push(level);
  return level;
}

/** Files and level work in real time; vitest ends what never comes. */
async function settled(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setImmediate(resolve));
}

function journalFiles(): string[] {
  return readdirSync(join(dir, 'journal'));
}

describe('a record on its way', () => {
  test('lines appended before the store is open are delivered first, in order', async () => {
    const outbox = newOutbox();
    outbox.append('result', 'line', Buffer.from('one'));
    outbox.append('result', 'line', Buffer.from('two'));
    await outbox.open(await openLevel());
    outbox.append('result', 'line', Buffer.from('three'));
    await outbox.flush(AbortSignal.timeout(5000));
    expect(server.lines).toEqual(['one', 'two', 'three']);
    await outbox.close();
    expect(outbox.stats()[0]).toMatchObject({
      stream: 'result',
      lines: 0,
      bytes: 0,
      delivered: 3,
      dropped: 0,
    });
  });

  test('what a server that is away did not take is delivered by the next opening, under its old id', async () => {
    server.answer = () => ({ kind: 'retry', reason: 'connection refused' });
    const first = newOutbox();
    const level = await openLevel();
    await first.open(level);
    first.append('result', 'line', Buffer.from('one'));
    first.append('status', 'statuses', Buffer.from('a|b'), { lines: 2 });
    await settled(() => server.requests.length === 2);
    await first.close();
    server.answer = () => ({ kind: 'delivered' });

    const second = newOutbox();
    await second.open(level);
    second.append('result', 'line', Buffer.from('two'));
    expect(second.writer).not.toBe(first.writer);
    await second.flush(AbortSignal.timeout(5000));
    await second.close();
    expect(server.lines.filter((line) => !['a', 'b'].includes(line))).toEqual(['one', 'two']);
    expect(server.lines).toContain('a');
    expect(server.lines).toContain('b');
    expect(server.requests).toContainEqual(['one']);
    expect(server.requests).toContainEqual(['two']);
  });

  test('a record of many rows is sent in parts, and a restart goes on inside it', async () => {
    const settings = { startLines: 2, maxLines: 2 };
    const { defaultForwardSettings } = await import('./index.ts');
    const options = { settings: () => ({ ...defaultForwardSettings, ...settings }) };
    let requests = 0;
    server.answer = () => (++requests > 1 ? { kind: 'retry', reason: 'away' } : { kind: 'delivered' });
    const level = await openLevel();
    const first = newOutbox(options);
    await first.open(level);
    first.append('distributed', 'results', Buffer.from('a|b|c|d|e'), { lines: 5 });
    await settled(() => requests === 2);
    await first.close();
    expect(first.stats()[2]).toMatchObject({ lines: 3, delivered: 2 });
    server.answer = () => ({ kind: 'delivered' });

    const second = newOutbox(options);
    await second.open(level);
    expect(second.stats()[2]).toMatchObject({ lines: 3, delivered: 2 });
    await second.flush(AbortSignal.timeout(5000));
    await second.close();
    expect(server.lines).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(server.repeats).toBe(0);
    expect(second.stats()[2]).toMatchObject({ lines: 0, delivered: 5, dropped: 0, quarantined: 0 });
  });

  test('the parts of a record that is larger than a request follow each other at once', async () => {
    const outbox = newOutbox();
    await outbox.open(await openLevel());
    const rows = Array.from({ length: 5000 }, (_, i) => `row${i}`);
    outbox.append('distributed', 'results', Buffer.from(rows.join('|')));
    await settled(() => server.lines.length === 5000);
    expect(server.requests.length).toBeGreaterThan(2);
    expect(server.lines).toEqual(rows);
    await outbox.close();
  });

  test('a stream that cannot get on does not hold up another', async () => {
    server.answer = (lines) =>
      lines[0] === 'stuck' ? { kind: 'retry', reason: '500' } : { kind: 'delivered' };
    const outbox = newOutbox();
    await outbox.open(await openLevel());
    outbox.append('result', 'line', Buffer.from('stuck'));
    outbox.append('status', 'line', Buffer.from('free'));
    await settled(() => server.lines.length === 1);
    expect(server.lines).toEqual(['free']);
    await outbox.close();
  });

  test('journal files of delivered records are removed', async () => {
    const outbox = newOutbox({ caps: { maxBytes: 1024 * 1024 } });
    await outbox.open(await openLevel());
    for (let i = 0; i < 500; i++) outbox.append('result', 'line', Buffer.alloc(500, 'x'));
    expect(journalFiles().length).toBeGreaterThan(10);
    await outbox.flush(AbortSignal.timeout(5000));
    await outbox.close();
    expect(server.lines).toHaveLength(500);
    expect(journalFiles().length).toBeLessThanOrEqual(1);
  });
});

describe('what is set aside', () => {
  test('a line that never fits goes to quarantine with its reason, can be replayed under a new number', async () => {
    const outbox = newOutbox();
    await outbox.open(await openLevel());
    outbox.append('result', 'line', Buffer.from('one'));
    outbox.append('result', 'line', Buffer.from('unfit'));
    outbox.append('result', 'line', Buffer.from('two'));
    await outbox.flush(AbortSignal.timeout(5000));
    expect(server.lines).toEqual(['one', 'two']);
    expect(outbox.quarantine.list()).toMatchObject([{ stream: 'result', record: 2, reason: 'not JSON' }]);
    const [entry] = outbox.quarantine.list();
    expect(await outbox.quarantine.replay(entry?.id ?? 0)).toBe(true);
    expect(outbox.quarantine.list()).toEqual([]);
    await outbox.flush(AbortSignal.timeout(5000));
    expect(outbox.quarantine.list()).toMatchObject([{ record: 4 }]);
    expect(await outbox.quarantine.remove(outbox.quarantine.list()[0]?.id ?? 0)).toBe(true);
    await outbox.close();
    expect(outbox.stats()[0]).toMatchObject({ delivered: 2, dropped: 1, quarantined: 0, lines: 0 });
  });

  test('the one line that the server refuses ends in quarantine, the others are delivered', async () => {
    server.answer = (lines) =>
      lines.includes('bad') ? { kind: 'rejected', reason: 'HTTP 400' } : { kind: 'delivered' };
    const level = await openLevel();
    const outbox = newOutbox();
    await outbox.open(level);
    outbox.pause();
    for (const line of ['a', 'b', 'c', 'bad', 'e', 'f']) outbox.append('result', 'line', Buffer.from(line));
    outbox.resume();
    await settled(() => server.lines.length === 5);
    expect(outbox.stats()[0]).toMatchObject({ lines: 1, delivered: 5, quarantined: 0 });
    await clock.advance(10_000);
    await settled(() => outbox.quarantine.list().length === 1);
    await outbox.close();
    expect([...server.lines].sort()).toEqual(['a', 'b', 'c', 'e', 'f']);
    const again = newOutbox();
    await again.open(level);
    expect(again.stats()[0]).toMatchObject({ lines: 0, delivered: 5, quarantined: 1 });
    const [entry] = again.quarantine.list();
    expect(Buffer.from((await again.quarantine.read(entry?.id ?? 0)) ?? []).toString()).toBe('bad');
    await again.close();
  });
});

describe('trouble', () => {
  test('a server away for an hour: what waits stays under the caps, and reported loss equals real loss', async () => {
    server.answer = () => ({ kind: 'retry', reason: 'connection refused' });
    const outbox = newOutbox({ caps: { maxLines: 1000 } });
    await outbox.open(await openLevel());
    let appended = 0;
    for (let minute = 0; minute < 60; minute++) {
      for (let i = 0; i < 50; i++) outbox.append('result', 'line', Buffer.from(`r${appended++}`));
      for (let i = 0; i < 10; i++) outbox.append('status', 'line', Buffer.from(`s${appended++}`));
      await clock.advance(60_000);
      expect(outbox.stats().reduce((sum, { lines }) => sum + lines, 0)).toBeLessThanOrEqual(1000);
    }
    // Back-off: 4, 16, 36 ... seconds for each of two streams.
    expect(server.requests.length).toBeLessThan(60);
    server.answer = () => ({ kind: 'delivered' });
    await outbox.flush(AbortSignal.timeout(5000));
    await outbox.close();
    const lost = losses.reduce((sum, { lines }) => sum + lines, 0);
    expect(lost).toBe(appended - server.lines.length);
    expect(outbox.stats().reduce((sum, { dropped }) => sum + dropped, 0)).toBe(lost);
    expect(losses.length).toBeLessThan(130);
  });

  test('a level that cannot be written loses nothing: lines are delivered, and at most sent again', async () => {
    const level = await openLevel();
    const broken: LookupStore = {
      iterator: (range) => level.iterator(range),
      batch: () => Promise.reject(new Error('ENOSPC')),
    };
    const logged: string[] = [];
    const first = newOutbox({ log: (_, message) => logged.push(message) });
    await first.open(broken);
    first.append('result', 'line', Buffer.from('one'));
    first.append('result', 'line', Buffer.from('unfit'));
    await first.flush(AbortSignal.timeout(5000));
    expect(first.quarantine.list()).toHaveLength(1);
    await first.close();
    expect(server.lines).toEqual(['one']);
    expect(logged.some((message) => message.includes('ENOSPC'))).toBe(true);
    const second = newOutbox();
    await second.open(level);
    await second.flush(AbortSignal.timeout(5000));
    await second.close();
    expect(server.lines).toEqual(['one']);
    expect(server.repeats).toBe(1);
    expect(second.quarantine.list()).toHaveLength(1);
  });

  test('losses that a crash kept from being reported are reported by the next opening', async () => {
    const level = await openLevel();
    const first = newOutbox({ caps: { maxLines: 5 } });
    await first.open(level);
    first.pause();
    for (let i = 0; i < 12; i++) first.append('result', 'line', Buffer.from(`l${i}`));
    // A second later the loss is reported, and with the next lines there is one that is not yet.
    await clock.advance(1000);
    for (let i = 0; i < 3; i++) first.append('result', 'line', Buffer.from(`m${i}`));
    await clock.advance(1000);
    expect(losses).toEqual([{ stream: 'result', lines: 7, reason: 'lines' }]);
    losses = [];
    const second = newOutbox({ caps: { maxLines: 5 } });
    second.pause();
    await second.open(level);
    await clock.advance(1000);
    expect(losses).toContainEqual({ stream: 'result', lines: 3, reason: 'lines' });
    expect(second.stats()[0]).toMatchObject({ lines: 5, dropped: 10 });
    await second.close();
  });

  test.each([
    ['too many lines', { maxLines: 1000 }],
    ['no disk, and too many bytes for the memory', { maxMemoryBytes: 40_000 }],
  ])('a report of lost lines that is itself dropped is repeated: %s', async (what, caps) => {
    let refused = what.startsWith('no disk');
    const files: SegmentFiles = {
      write: (...args) => {
        if (refused) throw new Error('ENOSPC');
        return writeSync(...args);
      },
    };
    const open = async (store: LookupStore) => {
      const outbox: Outbox = newOutbox({
        caps,
        files,
        onLoss: (loss) => {
          losses.push(loss);
          const text = `lost ${loss.lines} of ${loss.stream}`;
          outbox.append('status', 'line', Buffer.from(text), { tellsOf: loss });
        },
      });
      outbox.pause();
      await outbox.open(store);
      return outbox;
    };
    let appended = 0;
    const appendTo = (outbox: Outbox, count: number) => {
      for (let i = 0; i < count; i++) outbox.append('result', 'line', Buffer.from(`r${appended++}`));
    };
    const level = await openLevel();
    const first = await open(level);
    for (let round = 0; round < 5; round++) {
      appendTo(first, 3000);
      await clock.advance(60_000);
    }
    // Each was told, and dropped by the lines after it; without news it is not told again while there is no room.
    const told = losses.length;
    expect(told).toBeGreaterThan(3);
    await clock.advance(600_000);
    expect(losses.length).toBeLessThan(told + 3);
    refused = false;
    await clock.advance(10_000);
    await first.close();
    const second = await open(level);
    appendTo(second, 3000);
    second.resume();
    await second.flush(AbortSignal.timeout(5000));
    await clock.advance(120_000);
    await second.flush(AbortSignal.timeout(5000));
    const results = server.lines.filter((line) => line.startsWith('r'));
    const reported = server.lines.flatMap((line) => /^lost (\d+) of result/.exec(line)?.[1] ?? []);
    const lost = reported.reduce((sum, lines) => sum + Number(lines), 0);
    expect(lost).toBe(appended - results.length);
    expect(server.lines.filter((line) => line.includes('of status'))).toEqual([]);
    expect(second.stats()[0]?.dropped).toBe(lost);
    await second.close();
  });

  test('a delivery that is under way when the outbox closes is given up, its lines stay', async () => {
    const level = await openLevel();
    let started = false;
    const first = newOutbox({
      deliver: {
        result: (_, signal) => {
          started = true;
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        },
        status: server.deliver,
        distributed: server.deliver,
      },
    });
    await first.open(level);
    first.append('result', 'line', Buffer.from('one'));
    await settled(() => started);
    expect(await first.flush(AbortSignal.abort())).toBe(false);
    await first.close();
    const second = newOutbox();
    await second.open(level);
    await second.flush(AbortSignal.timeout(5000));
    await second.close();
    expect(server.lines).toEqual(['one']);
  });

  test('a deliver that throws, or gets nowhere, is a failure like any other', async () => {
    let calls = 0;
    const outbox = newOutbox({
      deliver: {
        result: (batch, signal) => {
          calls += 1;
          if (calls === 1) throw new Error('a bug');
          if (calls > 2) return server.deliver(batch, signal);
          const next = { record: 1, row: 0 };
          return Promise.resolve({ answer: { kind: 'delivered' }, lines: 0, bytes: 0, next, unfit: [] });
        },
        status: server.deliver,
        distributed: server.deliver,
      },
    });
    await outbox.open(await openLevel());
    outbox.append('result', 'line', Buffer.from('one'));
    await settled(() => calls === 1);
    expect(outbox.stats()[0]?.lastError).toBe('a bug');
    await clock.advance(4000);
    await settled(() => calls === 2);
    await clock.advance(16_000);
    await settled(() => server.lines.length === 1);
    await outbox.close();
  });

  test('a refused line that is held survives a restart, and goes out when the server takes it', async () => {
    const level = await openLevel();
    server.answer = (lines) =>
      lines.includes('odd') ? { kind: 'rejected', reason: '400' } : { kind: 'delivered' };
    const first = newOutbox();
    await first.open(level);
    first.replaceWaiting(Buffer.from('odd'), { key: 'q1', tag: 'sql' });
    await settled(() => server.requests.length >= 1 && first.stats()[2]?.bytes === 3);
    expect(first.waiting().get('q1')).toMatchObject({ tag: 'sql' });
    await first.close();
    server.answer = () => ({ kind: 'delivered' });
    const second = newOutbox();
    await second.open(level);
    await settled(() => server.lines.length === 1);
    await second.close();
    expect(server.lines).toEqual(['odd']);
    expect(second.stats()[2]).toMatchObject({ lines: 0, delivered: 1, quarantined: 0 });
    expect(second.waiting().size).toBe(0);
  });
});

describe('distributed results by key', () => {
  test('a result waits under its key until it is delivered; another takes its place; one is cancelled', async () => {
    const level = await openLevel();
    const outbox = newOutbox();
    await outbox.open(level);
    outbox.pause();
    outbox.replaceWaiting(Buffer.from('old'), { key: 'q1', tag: 'sql-1' });
    outbox.replaceWaiting(Buffer.from('other'), { key: 'q2', tag: 'sql-2' });
    outbox.replaceWaiting(Buffer.from('new'), { key: 'q1', tag: 'sql-3' });
    outbox.replaceWaiting(Buffer.from('gone'), { key: 'q3', tag: 'sql-4' });
    outbox.cancel('q3');
    expect([...outbox.waiting()].map(([key, { tag }]) => [key, tag])).toEqual([
      ['q1', 'sql-3'],
      ['q2', 'sql-2'],
    ]);
    await outbox.close();

    const again = newOutbox();
    again.pause();
    await again.open(level);
    expect([...again.waiting().keys()].sort()).toEqual(['q1', 'q2']);
    expect(again.stats()[2]).toMatchObject({ lines: 2, dropped: 2 });
    again.resume();
    await again.flush(AbortSignal.timeout(5000));
    await again.close();
    expect(server.lines).toEqual(['other', 'new']);
    expect(again.waiting().size).toBe(0);
  });
});
