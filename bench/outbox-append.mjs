// What an append to the outbox costs beside a bare append-only file, in one interleaved run.
//   npx tsx bench/outbox-append.mjs [lines per round]
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Level } from 'level';
import { systemClock } from '../src/clock/index.ts';
import { Outbox } from '../src/plugins/outbox/index.ts';

const lines = Number(process.argv[2] ?? 100_000);
const rounds = 7;
const line = Buffer.alloc(500, 'x');
const dir = mkdtempSync(join(tmpdir(), 'outbox-bench-'));

/** Takes everything without looking at it. */
const take = (batch) => {
  const last = batch.records.at(-1);
  let bytes = 0;
  for (const record of batch.records) bytes += record.bytes.byteLength;
  return Promise.resolve({
    answer: { kind: 'delivered' },
    lines: batch.records.length,
    bytes,
    next: { record: (last?.number ?? 0) + 1, row: 0 },
    unfit: [],
  });
};

async function outboxRound(sync, round) {
  const level = new Level(join(dir, `level-${sync}-${round}`));
  await level.open();
  const outbox = new Outbox({
    dir: join(dir, `journal-${sync}-${round}`),
    clock: systemClock,
    deliver: { result: take, status: take, distributed: take },
    caps: { minFreeBytes: 0 },
    sync,
  });
  await outbox.open(level);
  outbox.pause();
  const append = measure(() => {
    for (let i = 0; i < lines; i++) outbox.append('result', 'line', line);
  });
  const start = performance.now();
  const cpu = process.cpuUsage();
  outbox.resume();
  await outbox.flush(AbortSignal.timeout(60_000));
  const { user, system } = process.cpuUsage(cpu);
  const drain = { wall: ((performance.now() - start) * 1000) / lines, cpu: (user + system) / lines };
  await outbox.close();
  await level.close();
  return { append, drain };
}

function fileRound(round) {
  const fd = openSync(join(dir, `file-${round}`), 'a', 0o600);
  const result = measure(() => {
    for (let i = 0; i < lines; i++) writeSync(fd, line, 0, line.length);
  });
  if (fstatSync(fd).size !== lines * line.length) throw new Error('short file');
  closeSync(fd);
  return result;
}

function measure(run) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  run();
  const wall = ((performance.now() - start) * 1000) / lines;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / lines };
}

function show(name, results) {
  const median = (of) => results.map(of).sort((a, b) => a - b)[Math.floor(results.length / 2)];
  console.log(
    `${name.padEnd(34)} ${median((r) => r.wall).toFixed(2)} us/line, CPU ${median((r) => r.cpu).toFixed(2)}`,
  );
}

const files = [];
const never = [];
const interval = [];
try {
  for (let round = 0; round < rounds; round++) {
    files.push(fileRound(round));
    never.push(await outboxRound('never', round));
    interval.push(await outboxRound('interval', round));
  }
  console.log(`${lines} lines of ${line.length} bytes, medians of ${rounds} rounds`);
  show('bare append-only file', files);
  show(
    'outbox append, sync never',
    never.map((r) => r.append),
  );
  show(
    'outbox append, sync interval',
    interval.map((r) => r.append),
  );
  show(
    'outbox drain (no network)',
    interval.map((r) => r.drain),
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}
