import { expect, test } from 'vitest';
import type { Fault } from '../../src/server/index.ts';
import { memoryInUse } from './support/memory.ts';
import { knownBy, NumberedLines, numbers } from './support/numbered-lines.ts';
import { type Running, World, type WorldOptions } from './support/world.ts';

const second = 1000;
const minute = 60 * second;
const maxLines = 5000;
const maxBytes = 4 * 1024 * 1024;

/** Seconds between the attempts of an hour, without jitter: the period of 4 s times n². */
const backOffs = [4, 16, 36, 64, 100, 144, 196, 256, 324, 400, 484, 576, 676];
const small: WorldOptions = { flags: ['--logger_tls_max_lines=100'] };

async function sumOf(host: Running, column: 'lines' | 'bytes'): Promise<number> {
  return (await host.table('remote_outbox')).reduce((sum, row) => sum + Number(row[column]), 0);
}

/** Lets time pass until nothing waits any more, at most an hour. */
async function drained(world: World, host: Running): Promise<void> {
  const end = world.clock.monotonic() + 60 * minute;
  while ((await sumOf(host, 'lines')) > 0) {
    if (world.clock.monotonic() > end) throw new Error('lines still wait after an hour');
    await world.clock.pass(second);
  }
}

/** Seconds between one result request and the next. */
function pauses(world: World): number[] {
  const times = world.logRequests.of('result').map(({ at }) => at);
  return times.slice(1).map((at, i) => (at - (times[i] ?? 0)) / second);
}

function batches(world: World): number[] {
  return world.logRequests.of('result').map(({ lines }) => lines);
}

/**
 * A host whose server has been away for an hour, with `count` result lines that wait.
 * @returns when it tried for the first time, in milliseconds since the start.
 */
async function awayForAnHour(world: World, count: number): Promise<number> {
  const host = await world.open();
  await host.genConfig();
  world.away = true;
  await new NumberedLines(host).results(count);
  await world.clock.pass(60 * minute);
  world.away = false;
  const [first] = world.logRequests.seen;
  world.logRequests.seen = [];
  return first?.at ?? Number.NaN;
}

const outages: [string, Fault, number[]][] = [
  // The connection that was open before is replaced at once.
  ['connections are reset', 'reset', [0, ...backOffs]],
  ['every answer is a 500', { status: 500, body: '{"error":"away"}' }, backOffs],
];

test.each(outages)('an hour in which %s: caps, memory, losses, recovery', async (name, fault, waits) => {
  await using world = await World.create({
    flags: [`--buffered_log_max=${maxLines}`, '--logger_tls_max_lines=100'],
    env: { OSQUERY_REMOTE_BUFFER_MAX_BYTES: String(maxBytes) },
  });
  const { clock, logRequests } = world;
  const host = await world.open();
  await host.genConfig();
  const lines = new NumberedLines(host);
  await lines.results(50);
  await lines.statuses(20);
  await drained(world, host);
  const before = knownBy(world).status.length;

  world.faults = { log: fault, config: fault };
  logRequests.seen = [];
  let mostLines = 0;
  let mostBytes = 0;
  const memory: { rss: number; used: number }[] = [];
  for (let n = 1; n <= 60; n++) {
    // Short lines reach the cap of lines after ten minutes, long ones that of bytes.
    await lines.results(500, n <= 30 ? 100 : 2000);
    await lines.statuses(50);
    await clock.pass(minute);
    const count = await sumOf(host, 'lines');
    const bytes = Math.max(await sumOf(host, 'bytes'), world.journalBytes());
    expect(count).toBeLessThanOrEqual(maxLines);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    mostLines = Math.max(mostLines, count);
    mostBytes = Math.max(mostBytes, bytes);
    if (n % 10 === 0) memory.push(await memoryInUse());
  }
  const figures = memory.map(({ rss, used }) => `${Math.round(rss)}/${used.toFixed(1)}`).join(' ');
  console.log(`${name}: RSS/used MiB at minutes 10, 20 ... 60: ${figures}`);
  expect(mostLines).toBeGreaterThan(0.98 * maxLines);
  expect(mostBytes).toBeGreaterThan(0.98 * maxBytes);
  expect((memory.at(-1)?.used ?? 0) - (memory[0]?.used ?? 0)).toBeLessThan(8);
  expect(pauses(world)).toEqual(waits);

  world.faults = {};
  logRequests.seen = [];
  logRequests.takesMs = 0.5 * second;
  await lines.results(1);
  await lines.statuses(1);
  await drained(world, host);
  // The last loss is told of a minute after the one before at the latest.
  await clock.pass(2 * minute);
  await drained(world, host);

  const { taken } = lines;
  const known = knownBy(world);
  const arrived = known.result.length + known.status.length;
  console.log(`${name}: ${taken.result + taken.status} accepted, ${arrived} arrived, lost`, known.lost);
  const kept = known.result.length - 50;
  expect(known.result).toEqual([...numbers(1, 50), ...numbers(taken.result - kept + 1, taken.result)]);
  const keptStatuses = known.status.length - before;
  expect(known.status).toEqual([
    ...numbers(1, before),
    ...numbers(taken.status - keptStatuses + 1, taken.status),
  ]);
  const lost = {
    result: taken.result - known.result.length,
    status: taken.status - known.status.length,
    distributed: 0,
  };
  expect(known.lost).toEqual(lost);
  expect(known.others).toEqual([]);
  const dropped = (await host.table('remote_outbox')).map((row) => [row['stream'], Number(row['dropped'])]);
  expect(Object.fromEntries(dropped)).toEqual(lost);
  expect(world.enrollments()).toBe(1);

  // Small at first, and one at a time: twice a second at most from a server that takes half a second.
  expect(batches(world).slice(0, 4)).toEqual([100, 200, 400, 800]);
  expect(logRequests.mostAtOnce).toBe(1);
  for (const stream of ['result', 'status'] as const) {
    expect(logRequests.busiest(stream, second)).toBeLessThanOrEqual(2);
  }
});

test('a server that is slow when it is back gets less and less at once, and one request at a time', async () => {
  await using world = await World.create(small);
  await awayForAnHour(world, 400);
  world.logRequests.takesMs = 6 * second;
  await world.arrived(400);
  expect(batches(world)).toEqual([100, 50, ...Array(7).fill(32), 26]);
  expect(pauses(world)).toEqual(Array(9).fill(6));
  expect(world.logRequests.mostAtOnce).toBe(1);
  expect(knownBy(world).result).toEqual(numbers(1, 400));
});

test('a server that breaks down again is left alone as long as it asks for, and begins small again', async () => {
  const busy: Fault = { status: 503, headers: { 'retry-after': '120' } };
  await using world = await World.create({
    ...small,
    server: {
      intercept: (endpoint) => (endpoint === 'log' && world.logRequests.seen.length === 4 ? busy : undefined),
    },
  });
  await awayForAnHour(world, 3000);
  await world.arrived(3000);
  expect(batches(world)).toEqual([100, 200, 400, 800, 100, 200, 400, 800, 800]);
  expect(pauses(world).map(Math.floor).slice(0, 4)).toEqual([0, 0, 0, 120]);
  expect(knownBy(world).result).toEqual(numbers(1, 3000));
});

// The sums of the back-offs are 3276, 4060 and 4960 s, for the longest waits.
test.each([
  [0, 4060],
  [0.5, 0.875 * 4960],
  [1, 0.75 * 4960],
])('the hosts of a fleet do not come back all at once: jitter %d', async (jitter, back) => {
  await using world = await World.create({ ...small, random: () => jitter });
  const first = await awayForAnHour(world, 1);
  await world.arrived(1);
  expect(world.logRequests.seen.map(({ at }) => (at - first) / second)).toEqual([back]);
});
