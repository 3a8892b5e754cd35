import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StreamName } from '../../../api.ts';
import type { Clock } from '../../../clock/index.ts';
import { VirtualClock } from '../../../testing/index.ts';
import { type Caps, defaultCaps } from '../caps.ts';
import type { Loss } from '../loss.ts';
import { type BehindWriter, DiskThread } from './disk-thread.ts';
import { Journal, type JournalOptions, type StoredPosition } from './journal.ts';
import type { SegmentFiles } from './segment.ts';

let root: string;
let clock: VirtualClock;
let losses: Loss[];
let diskErrors: unknown[];
let writers = 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'journal-'));
  clock = new VirtualClock();
  losses = [];
  diskErrors = [];
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function newJournal(options: Partial<Omit<JournalOptions, 'caps'>> & { caps?: Partial<Caps> } = {}): Journal {
  return new Journal({
    dir: join(root, 'a'),
    writer: `writer${String(++writers).padStart(4, '0')}`,
    clock,
    sync: 'never',
    onLoss: (loss) => losses.push(loss),
    onUntold: (loss) => losses.push(loss),
    onDisk: (error) => diskErrors.push(error),
    ...options,
    caps: { ...defaultCaps, minFreeBytes: 0, ...options.caps },
  });
}

async function opened(options: Parameters<typeof newJournal>[0] = {}, stored = {}): Promise<Journal> {
  const journal = newJournal(options);
  await journal.open(stored);
  return journal;
}

function append(journal: Journal, text: string, stream: StreamName = 'result'): void {
  journal.append(stream, 'line', Buffer.from(text));
}

/** Everything that waits, acknowledged on the way in batches of `size`. */
async function drain(journal: Journal, stream: StreamName = 'result', size = 100): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const taken = await journal.reader(stream).take(size, 1024 * 1024);
    if (taken === undefined) return lines;
    lines.push(...taken.records.map(({ bytes }) => Buffer.from(bytes).toString()));
    journal.reader(stream).settle({ record: (taken.records.at(-1)?.number ?? 0) + 1, row: 0 });
  }
}

function lost(): number {
  return losses.reduce((sum, loss) => sum + loss.lines, 0);
}

function files(dir = join(root, 'a')): string[] {
  return readdirSync(dir).sort();
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `line ${i}`);
}

describe('after a crash', () => {
  test('cut at any length, the journal opens with every record that was written whole', async () => {
    const journal = await opened({ sync: 'always' });
    const path = () => join(root, 'a', files()[0] ?? '');
    const ends = names(6).map((line) => {
      append(journal, line);
      return statSync(path()).size;
    });
    const [file] = files();
    const whole = readFileSync(path());
    for (let length = 0; length <= whole.length; length++) {
      const dir = join(root, `cut${length}`);
      mkdirSync(dir);
      writeFileSync(join(dir, file ?? ''), whole.subarray(0, length));
      const again = await opened({ dir });
      const kept = ends.filter((end) => end <= length).length;
      expect(again.queue('result').lines).toBe(kept);
      expect(await drain(again)).toEqual(names(kept));
    }
    expect(losses).toEqual([]);
  });

  test('any flipped byte costs the record that it is in and no other, and that is counted', async () => {
    const journal = await opened();
    for (const line of names(6)) append(journal, line);
    const [file = ''] = files();
    const whole = readFileSync(join(root, 'a', file));
    const size = whole.length / 6;
    for (let at = 0; at < whole.length; at++) {
      losses = [];
      const dir = join(root, `flip${at}`);
      mkdirSync(dir);
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x41;
      writeFileSync(join(dir, file), bytes);
      const hit = Math.floor(at / size);
      const again = await opened({ dir });
      expect(await drain(again)).toEqual(names(6).filter((_, i) => i !== hit));
      // A length that was flipped in the very last record looks like a write that was never finished.
      if (hit < 5) expect(losses).toEqual([{ stream: 'result', lines: 1, reason: 'damaged' }]);
      else expect(lost()).toBeLessThanOrEqual(1);
    }
  });

  test('a file of zeros, an empty one and one of noise open, and count as damage', async () => {
    const journal = await opened();
    append(journal, 'good');
    const dir = join(root, 'a');
    writeFileSync(join(dir, 'result-0000000002-aaaaaaaaaaaa.journal'), Buffer.alloc(10_000));
    writeFileSync(join(dir, 'status-0000000001-bbbbbbbbbbbb.journal'), '');
    writeFileSync(join(dir, 'status-0000000002-cccccccccccc.journal'), Buffer.alloc(5000, 'ab'));
    writeFileSync(join(dir, 'notes.txt'), 'not ours');
    const again = await opened();
    append(again, 'new');
    expect(await drain(again)).toEqual(['good', 'new']);
    expect(await drain(again, 'status')).toEqual([]);
    expect(losses).toEqual([
      { stream: 'result', lines: 1, reason: 'damaged' },
      { stream: 'status', lines: 1, reason: 'damaged' },
    ]);
    expect(files()).toContain('notes.txt');
  });

  test('bytes that go bad while the journal is open are counted, the rest is delivered', async () => {
    const journal = await opened();
    for (const line of names(300)) append(journal, line);
    const path = join(root, 'a', files()[0] ?? '');
    const bytes = readFileSync(path);
    bytes.fill(0, 1000, 1200);
    writeFileSync(path, bytes);
    const lines = await drain(journal);
    expect(lines.length + lost()).toBe(300);
    expect(lines.length).toBeGreaterThan(290);
    expect(journal.queue('result').lines).toBe(0);
  });

  test('a journal file that somebody removed is counted and passed', async () => {
    const journal = await opened();
    for (const line of names(10)) append(journal, line);
    rmSync(join(root, 'a', files()[0] ?? ''));
    expect(await drain(journal)).toEqual([]);
    expect(losses).toEqual([{ stream: 'result', lines: 10, reason: 'damaged' }]);
  });

  test.each([0, 1])(
    'a file that was there when the position was stored, and is not any more, is counted: %i',
    async (which) => {
      // A segment of 16 KiB holds about 150 of these.
      const journal = await opened({ caps: { maxBytes: 1024 * 1024 } });
      for (const line of names(400)) append(journal, line.padEnd(60));
      const position = { result: journal.position('result') };
      expect(files().length).toBeGreaterThan(2);
      rmSync(join(root, 'a', files()[which] ?? ''));
      const again = await opened({}, position);
      const rest = await drain(again);
      expect(rest.length).toBeLessThan(400);
      expect(rest.length + lost()).toBe(400);
    },
  );

  test('a line that looks like a frame is never taken for a record', async () => {
    const journal = await opened();
    append(journal, 'before');
    const frame = readFileSync(join(root, 'a', files()[0] ?? ''));
    const other = await opened({ dir: join(root, 'b') });
    other.append('result', 'line', frame);
    append(other, 'after');
    const [file = ''] = files(join(root, 'b'));
    const bytes = readFileSync(join(root, 'b', file));
    bytes[20] = 99;
    writeFileSync(join(root, 'b', file), bytes);
    expect(await drain(await opened({ dir: join(root, 'b') }))).toEqual(['after']);
    expect(lost()).toBe(1);
  });
});

describe('acknowledged positions', () => {
  test('a restart goes on behind what was acknowledged, also inside a record, under the old writer id', async () => {
    const first = await opened();
    first.append('result', 'rows', Buffer.from('a|b|c|d'), { lines: 4 });
    append(first, 'two');
    await first.reader('result').take(10, 1000);
    first.reader('result').settle({ record: 1, row: 3 });
    expect(first.queue('result').lines).toBe(2);

    const second = await opened({}, { result: first.position('result') });
    append(second, 'three');
    const taken = await second.reader('result').take(10, 1000);
    expect(taken).toMatchObject({ writer: first.writer, firstRow: 3 });
    expect(taken?.records.map(({ number }) => number)).toEqual([1, 2]);
    second.reader('result').settle({ record: 3, row: 0 });
    expect(await second.reader('result').take(10, 1000)).toMatchObject({
      writer: second.writer,
      firstRow: 0,
    });
  });

  test('a position that got lost means that lines are sent again, not that they are lost', async () => {
    const first = await opened();
    for (const line of names(5)) append(first, line);
    await first.reader('result').take(3, 1000);
    first.reader('result').settle({ record: 4, row: 0 });
    expect(await drain(await opened())).toEqual(names(5));
    expect(lost()).toBe(0);
  });

  test('a journal restored from a copy is not taken for acknowledged', async () => {
    const first = await opened();
    append(first, 'one');
    append(first, 'two');
    mkdirSync(join(root, 'copy'));
    for (const file of files()) copyFileSync(join(root, 'a', file), join(root, 'copy', file));
    await drain(first);
    const stored: StoredPosition | undefined = first.position('result');
    // The journal is older than the lookups: all that it holds was delivered, what comes now was not.
    const second = await opened({ dir: join(root, 'copy') }, { result: stored });
    append(second, 'new');
    expect(await drain(second)).toEqual(['new']);
    const third = await opened({ dir: join(root, 'empty') }, { result: stored });
    append(third, 'other');
    const fourth = await opened({ dir: join(root, 'empty') }, { result: stored });
    expect(await drain(fourth)).toEqual(['other']);
  });

  test('what is appended while the journal is being opened follows what earlier openings left', async () => {
    const caps = { maxBytes: 8 * 1024 * 1024, maxMemoryBytes: 8 * 1024 * 1024 };
    const first = await opened({ caps });
    for (const stream of ['result', 'status', 'distributed'] as const) {
      const count = stream === 'result' ? 20 : 300;
      for (let i = 0; i < count; i++) append(first, `${stream} ${i} ${'x'.repeat(1000)}`, stream);
    }
    await first.close();
    const second = newJournal({ caps });
    let isOpen = false;
    const opening = second.open({}).then(() => {
      isOpen = true;
    });
    let count = 20;
    while (!isOpen) {
      for (let i = 0; i < 20 && count < 5000; i++) append(second, `result ${count++} ${'x'.repeat(1000)}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await opening;
    append(second, `result ${count++}`);
    await second.close();
    const third = await opened({ caps });
    const numbers = (await drain(third)).map((line) => Number(line.split(' ')[1]));
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(losses).toEqual([]);
  });

  test('whatever is appended, acknowledged and reopened: each line comes once and in order', async () => {
    const op = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), size: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({
        kind: fc.constant('take' as const),
        lines: fc.integer({ min: 1, max: 20 }),
        part: fc.nat(100),
      }),
      fc.constant({ kind: 'reopen' as const }),
      fc.constant({ kind: 'store' as const }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(op, { maxLength: 80 }), async (ops) => {
        const dir = join(root, `run${run++}`);
        const caps = { maxBytes: 1024 * 1024 };
        let journal = await opened({ dir, caps });
        let count = 0;
        const got: string[] = [];
        const accept = (taken: readonly { bytes: Uint8Array }[]) =>
          got.push(...taken.map(({ bytes }) => Buffer.from(bytes).toString().split(' ')[0] ?? ''));
        for (const one of ops) {
          if (one.kind === 'append') append(journal, `${count++} ${'x'.repeat(one.size)}`);
          else if (one.kind === 'store') journal.removeSegments(journal.takeEmptied());
          else if (one.kind === 'reopen') {
            await journal.close();
            journal = await opened({ dir, caps }, { result: journal.position('result') });
          } else {
            const taken = await journal.reader('result').take(one.lines, 10_000);
            if (taken === undefined) continue;
            const part = taken.records.slice(0, Math.ceil((taken.records.length * one.part) / 100));
            if (part.length === 0) journal.reader('result').giveBack();
            else journal.reader('result').settle({ record: (part.at(-1)?.number ?? 0) + 1, row: 0 });
            accept(part);
          }
          expect(journal.queue('result').lines).toBe(count - got.length);
        }
        got.push(...(await drain(journal)).map((line) => line.split(' ')[0] ?? ''));
        expect(got).toEqual(Array.from({ length: count }, (_, i) => String(i)));
        expect(journal.queue('result')).toMatchObject({ lines: 0, bytes: 0 });
        expect(losses).toEqual([]);
        await journal.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('caps', () => {
  test('of lines: the oldest go, status lines before results, and every one is counted', async () => {
    const journal = await opened({ caps: { maxLines: 20 } });
    for (const line of names(10)) append(journal, line, 'status');
    for (const line of names(15)) append(journal, line);
    expect(journal.queue('result').lines).toBe(15);
    expect(journal.queue('status').lines).toBe(5);
    for (const line of names(10)) append(journal, line, 'distributed');
    expect(await drain(journal, 'status')).toEqual([]);
    expect(await drain(journal, 'distributed')).toEqual(names(10).slice(5));
    expect(await drain(journal)).toEqual(names(15));
    expect(losses.every(({ reason }) => reason === 'lines')).toBe(true);
    expect(losses.filter(({ stream }) => stream === 'status')).toHaveLength(10);
    expect(losses.filter(({ stream }) => stream === 'distributed')).toHaveLength(5);
  });

  test('of bytes: files stay under it however long the server is away', async () => {
    const maxBytes = 512 * 1024;
    const journal = await opened({ caps: { maxBytes } });
    for (let i = 0; i < 5000; i++) {
      journal.append('result', 'line', Buffer.alloc(500, 'x'));
      expect(journal.storedBytes).toBeLessThanOrEqual(maxBytes);
    }
    const onDisk = () => files().reduce((sum, file) => sum + statSync(join(root, 'a', file)).size, 0);
    // Files of dropped lines stay until somebody has stored that they are dropped, but not many.
    expect(onDisk()).toBeLessThan(maxBytes * 1.1);
    journal.removeSegments(journal.takeEmptied());
    expect(onDisk()).toBe(journal.storedBytes);
    expect(onDisk()).toBeGreaterThan(maxBytes * 0.9);
    expect(journal.queue('result').lines + lost()).toBe(5000);
    expect(await drain(journal)).toHaveLength(5000 - lost());
  });

  test('a record larger than everything that may be kept is lost alone', async () => {
    const journal = await opened({ caps: { maxBytes: 100_000 } });
    append(journal, 'kept');
    journal.append('result', 'line', Buffer.alloc(200_000));
    expect(losses).toEqual([{ stream: 'result', lines: 1, reason: 'bytes' }]);
    expect(await drain(journal)).toEqual(['kept']);
  });

  test('of age: per stream, also without appends', async () => {
    const journal = await opened({ caps: { maxAgeMs: { distributed: 86_400_000 } } });
    append(journal, 'old', 'distributed');
    append(journal, 'result');
    await clock.advance(86_000_000);
    append(journal, 'young', 'distributed');
    await clock.advance(1_000_000);
    journal.enforceCaps();
    expect(losses).toEqual([{ stream: 'distributed', lines: 1, reason: 'age' }]);
    expect(await drain(journal, 'distributed')).toEqual(['young']);
    expect(await drain(journal)).toEqual(['result']);
  });

  test('what is on its way to the server is never dropped, what comes behind it is', async () => {
    const journal = await opened({ caps: { maxLines: 10 } });
    for (const line of names(10)) append(journal, line);
    const taken = await journal.reader('result').take(4, 1000);
    expect(taken?.records).toHaveLength(4);
    for (let i = 10; i < 30; i++) append(journal, `line ${i}`);
    expect(journal.queue('result').lines).toBe(10);
    const stored = journal.position('result');
    journal.reader('result').settle({ record: 5, row: 0 });
    const rest = Array.from({ length: 6 }, (_, i) => `line ${24 + i}`);
    // A crash before the batch was acknowledged sends it again, and nothing of what was dropped.
    const again = await opened({}, { result: stored });
    expect(await drain(again)).toEqual([...names(4), ...rest]);
    expect(await drain(journal)).toEqual(rest);
    expect(lost()).toBe(20);
  });

  test('a disk that is nearly full is given back what waits, then records wait in memory', async () => {
    const journal = await opened();
    append(journal, 'one');
    const tight = await opened({ caps: { minFreeBytes: Number.MAX_SAFE_INTEGER } });
    expect(losses).toEqual([{ stream: 'result', lines: 1, reason: 'disk_space' }]);
    append(tight, 'two');
    expect(tight.memoryBytes).toBeGreaterThan(0);
    expect(files()).toEqual([]);
    expect(await drain(tight)).toEqual(['two']);
  });
});

describe('a disk that refuses', () => {
  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

  test('records wait in memory meanwhile, are delivered from there, and are written down when it works again', async () => {
    let left = 500;
    const write: typeof writeSync = (...args: unknown[]) => {
      const [fd, bytes, offset, length, position] = args as [number, Uint8Array, number, number, number];
      if (left <= 0) throw full();
      const count = Math.min(left, length);
      left -= count;
      return writeSync(fd, bytes, offset, count, position);
    };
    const journal = await opened({ files: { write } });
    for (const line of names(40)) append(journal, line);
    expect(diskErrors).toHaveLength(1);
    expect(journal.queue('result').lines).toBe(40);
    const taken = await journal.reader('result').take(15, 10_000);
    expect(taken?.records).toHaveLength(15);
    journal.reader('result').settle({ record: 16, row: 0 });
    left = Infinity;
    await clock.advance(1000);
    append(journal, 'late');
    expect(diskErrors).toEqual([expect.anything(), undefined]);
    expect(journal.memoryBytes).toBe(0);
    const again = await opened({}, { result: journal.position('result') });
    expect(await drain(again)).toEqual([...names(40).slice(15), 'late']);
    expect(lost()).toBe(0);
  });

  test('what a failed write left is cut off again', async () => {
    let failing = false;
    const write: typeof writeSync = (...args: unknown[]) => {
      const [fd, bytes, offset, length, position] = args as [number, Uint8Array, number, number, number];
      if (!failing) return writeSync(fd, bytes, offset, length, position);
      if (length < 20) throw full();
      return writeSync(fd, bytes, offset, length - 10, position);
    };
    const journal = await opened({ files: { write } });
    append(journal, 'one');
    const path = join(root, 'a', files()[0] ?? '');
    const { size } = statSync(path);
    failing = true;
    append(journal, 'two');
    expect(statSync(path).size).toBe(size);
    expect(await drain(journal)).toEqual(['one', 'two']);
  });

  test('memory is bounded: what does not fit is counted, status lines first', async () => {
    const write = () => {
      throw full();
    };
    const journal = await opened({ files: { write }, caps: { maxMemoryBytes: 100_000 } });
    for (let i = 0; i < 50; i++) journal.append('status', 'line', Buffer.alloc(500, 's'));
    for (let i = 0; i < 1000; i++) {
      journal.append('result', 'line', Buffer.alloc(500, 'r'));
      expect(journal.memoryBytes).toBeLessThanOrEqual(100_000);
    }
    expect(journal.queue('status').lines).toBe(0);
    expect(losses.every(({ reason }) => reason === 'memory')).toBe(true);
    expect(journal.queue('result').lines + lost()).toBe(1050);
    expect(await drain(journal)).toHaveLength(1050 - lost());
  });

  test('a directory that cannot be made is tried again', async () => {
    writeFileSync(join(root, 'file'), '');
    const journal = await opened({ dir: join(root, 'file', 'journal') });
    append(journal, 'one');
    expect(diskErrors).toHaveLength(1);
    rmSync(join(root, 'file'));
    await clock.advance(1000);
    append(journal, 'two');
    expect(journal.memoryBytes).toBe(0);
    expect(await drain(await opened({ dir: join(root, 'file', 'journal') }))).toEqual(['one', 'two']);
  });
});

describe('a disk that is slow', () => {
  /** A clock that every direct write moves on by what the disk takes, and a disk thread that works when told. */
  function slowDisk() {
    let elapsed = 0;
    const disk = { tookMs: 0, writes: 0, stuck: false, behind: 0, advance: (ms: number) => (elapsed += ms) };
    const files: SegmentFiles = {
      write(fd, bytes, offset, length, position) {
        elapsed += disk.tookMs;
        disk.writes += 1;
        return writeSync(fd, bytes, offset, length, position);
      },
    };
    const time: Clock = {
      now: () => clock.now(),
      monotonic: () => elapsed,
      sleep: (ms, signal) => clock.sleep(ms, signal),
      interval: (ms, tick) => clock.interval(ms, tick),
    };
    const slowWriter: BehindWriter = {
      prepare: () => undefined,
      start(path, given, position) {
        // As a thread does it: the caller's bytes are gone at once.
        const bytes = structuredClone(given, { transfer: [given.buffer] });
        let outcome: { tookMs: number } | undefined;
        let end: () => void = () => undefined;
        const ended = new Promise<void>((resolve) => {
          end = resolve;
        });
        const work = () => {
          if (disk.stuck || outcome !== undefined) return;
          const fd = openSync(path, 'a+');
          closeSync(fd);
          const file = openSync(path, 'r+');
          writeSync(file, bytes, 0, bytes.length, position);
          closeSync(file);
          disk.behind += 1;
          outcome = { tookMs: disk.tookMs };
          end();
        };
        unstick = work;
        return { ended, outcome: () => outcome, wait: work };
      },
      close: () => Promise.resolve(),
    };
    let unstick = (): void => undefined;
    const go = () => {
      disk.stuck = false;
      unstick();
    };
    return { disk, go, options: { files, slowWriter, clock: time } };
  }

  test('stalls one append: then a thread writes, and each record is in its file when append returns', async () => {
    const { disk, options } = slowDisk();
    const journal = await opened(options);
    append(journal, 'quick');
    disk.tookMs = 5000;
    append(journal, 'stalled');
    const direct = disk.writes;
    for (const line of names(50)) {
      append(journal, line);
      const files = newJournal();
      await files.open({});
      expect((await drain(files)).at(-1)).toBe(line);
    }
    expect(disk.writes).toBe(direct);
    expect(diskErrors).toHaveLength(1);

    disk.tookMs = 1;
    disk.advance(11_000);
    append(journal, 'direct again');
    expect(diskErrors).toEqual([expect.anything(), undefined]);
    expect(disk.writes).toBe(direct + 1);
    expect(journal.memoryBytes).toBe(0);
    await journal.close();
    expect(await drain(await opened())).toEqual(['quick', 'stalled', ...names(50), 'direct again']);
    expect(losses).toEqual([]);
  });

  test('what the thread has written is not written again: closing the journal ends', async () => {
    const { disk, options } = slowDisk();
    const { slowWriter: _, ...rest } = options;
    const journal = await opened(rest);
    disk.tookMs = 5000;
    append(journal, 'stalled');
    for (const line of names(500)) append(journal, line);
    await journal.close();
    expect(disk.writes).toBe(1);
    expect(await drain(await opened())).toEqual(['stalled', ...names(500)]);
  });

  test('that is stuck keeps records in memory, where they are delivered from, until it goes on', async () => {
    const { disk, options, go } = slowDisk();
    const journal = await opened({ ...options, caps: { maxBytes: 1024 * 1024 } });
    disk.tookMs = 5000;
    append(journal, 'stalled');
    disk.stuck = true;
    for (const line of names(500)) append(journal, line);
    expect(disk.behind).toBe(0);
    const taken = await journal.reader('result').take(3, 1000);
    expect(taken?.records).toHaveLength(3);
    journal.reader('result').settle({ record: 4, row: 0 });
    go();
    append(journal, 'late');
    const position = journal.position('result');
    await journal.close();
    expect(disk.behind).toBeGreaterThan(1);
    expect(journal.queue('result').lines).toBe(499);
    expect(await drain(await opened({}, { result: position }))).toEqual([...names(500).slice(2), 'late']);
    expect(losses).toEqual([]);
  });

  test('a segment that is delivered while the thread writes it leaves no file behind', async () => {
    const { disk, options, go } = slowDisk();
    const journal = await opened(options);
    disk.tookMs = 300;
    append(journal, 'stalled');
    disk.stuck = true;
    append(journal, 'late');
    journal.queue('result').seal();
    expect(await drain(journal)).toEqual(['stalled', 'late']);
    journal.removeSegments(journal.takeEmptied());
    go();
    await journal.close();
    expect(disk.behind).toBe(1);
    // On a slow disk files are removed in the background.
    await expect.poll(() => files()).toEqual([]);
    expect(journal).toMatchObject({ storedBytes: 0, memoryBytes: 0 });
  });

  test('one slow write is forgiven, two in ten seconds are not', async () => {
    const { disk, options } = slowDisk();
    const journal = await opened(options);
    disk.tookMs = 50;
    append(journal, 'one');
    disk.advance(20_000);
    append(journal, 'two');
    expect(diskErrors).toEqual([]);
    append(journal, 'three');
    expect(diskErrors).toHaveLength(1);
  });

  test('the disk thread writes at any place of a file, and says why it cannot', async () => {
    const thread = new DiskThread();
    const path = join(root, 'file');
    for (const position of [0, 500_000]) {
      const job = thread.start(path, new Uint8Array(500_000).fill(120), position, true);
      await job.ended;
      expect(job.outcome()).toMatchObject({ tookMs: expect.any(Number) });
    }
    expect(readFileSync(path).equals(Buffer.alloc(1_000_000, 'x'))).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const failed = thread.start(join(root, 'none', 'file'), new Uint8Array(3), 0, false);
    failed.wait(10_000);
    expect(failed.outcome()).toMatchObject({ error: expect.stringContaining('ENOENT') });
    await thread.close();
  });

  test('a process whose last act is to close the disk thread ends in good order', () => {
    const module = new URL('./disk-thread.ts', import.meta.url).href;
    const program = `
      import { DiskThread } from ${JSON.stringify(module)};
      // Messages of the thread race with its end: once would not show it.
      for (let round = 0; round < 30; round++) {
        const thread = new DiskThread();
        for (let i = 0; i < 50; i++) thread.start(${JSON.stringify(join(root, 'file'))}, new Uint8Array(10), i * 10, false).wait(10_000);
        await thread.close();
      }
      process.stdout.write('closed');
    `;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(child).toMatchObject({ status: 0, stdout: 'closed' });
  });

  test('a disk that begins to refuse while it is slow: records stay, and are written when it works again', async () => {
    const { disk, options } = slowDisk();
    let refusing = false;
    const { slowWriter } = options;
    const writer: BehindWriter = {
      ...slowWriter,
      start: (...args) => {
        if (!refusing) return slowWriter.start(...args);
        return { ended: Promise.resolve(), outcome: () => ({ error: 'ENOSPC' }), wait: () => undefined };
      },
    };
    const journal = await opened({ ...options, slowWriter: writer });
    disk.tookMs = 300;
    append(journal, 'stalled');
    append(journal, 'behind');
    refusing = true;
    append(journal, 'refused');
    expect(journal.queue('result').lines).toBe(3);
    disk.tookMs = 0;
    disk.advance(1000);
    append(journal, 'later');
    await journal.close();
    expect(await drain(await opened())).toEqual(['stalled', 'behind', 'refused', 'later']);
  });
});

test('journal files are readable by their owner alone', async () => {
  const journal = await opened();
  append(journal, 'one');
  expect(statSync(join(root, 'a', files()[0] ?? '')).mode & 0o777).toBe(0o600);
  expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700);
});
