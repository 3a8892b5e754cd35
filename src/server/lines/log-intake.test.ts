import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Database } from '../store/index.ts';
import { parseLineNumbers } from './line-numbers.ts';
import { LogFile } from './log-file.ts';
import { type LogBatch, LogIntake } from './log-intake.ts';
import { ReceivedLines } from './received-lines.ts';

let directory: string;
let database: Database;
let intake: LogIntake;
let result: LogFile;
let told: string[];

beforeEach(async () => {
  told = [];
  directory = await mkdtemp(join(tmpdir(), 'osquery-remote-test-'));
  await open();
});

afterEach(async () => {
  await close();
  await rm(directory, { recursive: true, force: true });
});

async function open(): Promise<void> {
  database = await Database.open(join(directory, 'db'));
  result = await LogFile.open(join(directory, 'result'), 'result', database, () => {});
  const status = await LogFile.open(join(directory, 'status'), 'status', database, () => {});
  const received = new ReceivedLines(database);
  intake = new LogIntake({
    database,
    received,
    files: { result, status },
    onLines: ({ lines }) => void told.push(...lines.map(String)),
    sync: false,
  });
}

async function close(): Promise<void> {
  await intake.close();
  await database.close();
}

function batch(numbers: string, ...lines: string[]): LogBatch {
  return {
    stream: 'result',
    node: 'host-1',
    lines: lines.map((line) => Buffer.from(line)),
    numbers: {
      numbering: { node: 'id', writer: 'w', stream: 'result' },
      ranges: parseLineNumbers(numbers),
    },
  };
}

const written = () => readFile(join(directory, 'result'), 'utf8');

test('a commit that the database refuses leaves neither line nor number', async () => {
  await intake.take(batch('1', 'a'));
  vi.spyOn(database, 'write').mockRejectedValueOnce(new Error('disk full'));
  await expect(intake.take(batch('1-2', 'a', 'b'))).rejects.toThrow('disk full');
  expect(await written()).toBe('a\n');
  expect(await intake.take(batch('1-2', 'a', 'b'))).toBe(1);
  expect(await written()).toBe('a\nb\n');
});

test('an append that fails leaves neither line nor number', async () => {
  vi.spyOn(result, 'append').mockRejectedValueOnce(new Error('disk full'));
  await expect(intake.take(batch('1-2', 'a', 'b'))).rejects.toThrow('disk full');
  expect(await intake.take(batch('1-2', 'a', 'b'))).toBe(0);
  expect(await written()).toBe('a\nb\n');
});

test('nothing is taken in while torn lines cannot be removed', async () => {
  vi.spyOn(database, 'write').mockRejectedValueOnce(new Error('disk full'));
  const rollback = vi.spyOn(result, 'rollback').mockRejectedValue(new Error('read-only'));
  await expect(intake.take(batch('1', 'a'))).rejects.toThrow('disk full');
  await expect(intake.take(batch('1', 'a'))).rejects.toThrow('read-only');
  rollback.mockRestore();
  expect(await intake.take(batch('1', 'a'))).toBe(0);
  expect(await written()).toBe('a\n');
});

test('a batch that fails in a group fails with its group, and each can come again', async () => {
  vi.spyOn(database, 'write').mockRejectedValueOnce(new Error('disk full'));
  const outcomes = await Promise.allSettled([intake.take(batch('1', 'a')), intake.take(batch('2', 'b'))]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(await intake.take(batch('1-2', 'a', 'b'))).toBe(1);
  expect(await written()).toBe('b\na\n');
});

test('numbers that reach far are kept in small entries, and only those that change are written', async () => {
  const write = vi.spyOn(database, 'write');
  await intake.take(batch('4095-4097', 'a', 'b', 'c'));
  await intake.take(batch('4098', 'd'));
  const keys = write.mock.calls.map(([changes]) =>
    changes.flatMap((change) =>
      change.type === 'put' && change.key.startsWith('lines!') ? [`${change.key} ${change.value}`] : [],
    ),
  );
  expect(keys).toEqual([
    ['lines!id!w!result!0 4095;', 'lines!id!w!result!1 4096-4097;'],
    ['lines!id!w!result!1 4096-4098;'],
  ]);
  await close();
  await open();
  expect(await intake.take(batch('4094-4099', 'x', 'a', 'b', 'c', 'd', 'e'))).toBe(4);
  expect(await written()).toBe('a\nb\nc\nd\nx\ne\n');
});

test('what comes when all is closed is refused, and nobody is told of it: it will come again', async () => {
  const first = intake.take(batch('1', 'a'));
  const closed = intake.close();
  await expect(intake.take(batch('2', 'b'))).rejects.toThrow('the server is closing');
  expect(await first).toBe(0);
  await closed;
  await expect(intake.take(batch('2', 'b'))).rejects.toThrow('the server is closing');
  expect(told).toEqual(['a']);
  expect(await written()).toBe('a\n');
});
