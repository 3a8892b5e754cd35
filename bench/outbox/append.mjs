// What an append costs, beside a bare append-only file and a level put that is awaited, in one interleaved run:
//   node append.mjs <directory> <lines> <rounds>
// Answers over IPC with { variants: { [name]: { wallUs: [...], cpuUs: [...] } }, rounds, slowRounds }, times per line.
import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { systemClock } from '../../dist/clock/index.js';
import { Outbox } from '../../dist/plugins/outbox/index.js';
import { resultLine } from '../receive/call-bytes.mjs';
import { inTurns } from './in-turns.mjs';

const [dir, lineCount, roundCount] = process.argv.slice(2);
const lines = Number(lineCount);
const rounds = Number(roundCount);
const line = Buffer.from(resultLine());
/** An awaited put is slow, and tells as much with fewer lines. */
const puts = Math.ceil(lines / 10);
/** A disk or a machine that is very busy must not take all the time. */
const roundMs = 5_000;
/** Rounds in which the outbox found the disk slow, and wrote by another thread. */
let slowRounds = 0;

const variants = {};
try {
  for (let round = 0; round < rounds; round++) {
    const here = join(dir, String(round));
    await note('bare append-only file', () => bareFile(`${here}-file`));
    await note('level, each put awaited', () => awaitedPuts(`${here}-level`));
    await note('outbox append, sync never', () => outbox(`${here}-never`, 'never'));
    await note('outbox append, sync interval', () => outbox(`${here}-interval`, 'interval'));
  }
  process.send({ variants, rounds, slowRounds });
} catch (error) {
  process.send({ error: error.message });
}

async function note(name, run) {
  for (const [part, { wallUs, cpuUs }] of Object.entries(await run())) {
    const label = part === 'append' ? name : part;
    variants[label] ??= { wallUs: [], cpuUs: [] };
    variants[label].wallUs.push(wallUs);
    variants[label].cpuUs.push(cpuUs);
  }
}

async function bareFile(path) {
  const fd = openSync(path, 'a', 0o600);
  const append = await measure(() => inTurns(lines, () => writeSync(fd, line, 0, line.length), roundMs));
  if (fstatSync(fd).size !== append.count * line.length) throw new Error('the bare file is too short');
  closeSync(fd);
  rmSync(path);
  return { append };
}

async function awaitedPuts(path) {
  const level = new Level(path, { valueEncoding: 'view' });
  await level.open();
  let key = 0;
  const put = () => level.put(String(key++).padStart(12, '0'), line);
  const append = await measure(() => inTurns(puts, put, roundMs));
  await level.close();
  rmSync(path, { recursive: true });
  return { append };
}

async function outbox(path, sync) {
  const level = new Level(`${path}-lookups`);
  await level.open();
  let slow = false;
  const box = new Outbox({
    dir: path,
    clock: systemClock,
    deliver: { result: take, status: take, distributed: take },
    caps: { minFreeBytes: 0, maxLines: 2 * lines },
    sync,
    log: (_severity, text) => {
      slow ||= /a write took/.test(text);
    },
  });
  await box.open(level);
  box.pause();
  const append = await measure(() => inTurns(lines, () => box.append('result', 'line', line), roundMs));
  const drain = await measure(async () => {
    box.resume();
    if (!(await box.flush(AbortSignal.timeout(60_000)))) throw new Error('the outbox was not drained');
    return append.count;
  });
  if (slow) slowRounds++;
  await box.close();
  await level.close();
  for (const done of [path, `${path}-lookups`]) rmSync(done, { recursive: true, force: true });
  return sync === 'interval' ? { append, 'outbox read back (no network)': drain } : { append };
}

/** Takes everything without looking at it. */
function take({ records }) {
  const bytes = records.reduce((sum, record) => sum + record.bytes.byteLength, 0);
  const next = { record: (records.at(-1)?.number ?? 0) + 1, row: 0 };
  return Promise.resolve({ answer: { kind: 'delivered' }, lines: records.length, bytes, next, unfit: [] });
}

/** @param {() => Promise<number>} run returns how many lines it did */
async function measure(run) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const count = await run();
  const wallUs = ((performance.now() - start) * 1000) / count;
  const { user, system } = process.cpuUsage(cpu);
  return { count, wallUs, cpuUs: (user + system) / count };
}
