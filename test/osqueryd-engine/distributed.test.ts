import { afterEach, describe, expect, test } from 'vitest';
import {
  type ByteString,
  type DistributedHost,
  DistributedRunner,
  type DistributedStore,
  type StatusEvent,
} from '../../src/testing/osqueryd/engine/index.ts';
import { pluginCalls, recordedFlags, recordedVersion } from './recorded-calls.ts';
import { openStandIn, type StandIn } from './stand-in.ts';

let standIn: StandIn | undefined;
afterEach(() => standIn?.sql.close());

const SCENARIOS = [
  'distributed',
  'distributed-5.23.1',
  'distributed-write-failure',
  'distributed-write-failure-5.23.1',
  'distributed-accelerate',
  'distributed-accelerate-5.23.1',
  'distributed-queries-is-array-ndebug',
  'distributed-discovery-is-array-ndebug',
];

describe('rounds of distributed queries of a recorded run', () => {
  test.each(SCENARIOS)(
    '%s: every writeResults text and every pause is the recorded one',
    async (scenario) => {
      standIn = await openStandIn(1_795_221_674, { version: recordedVersion(scenario) });
      const { clock } = standIn;
      const interval = Number(recordedFlags(scenario).get('distributed_interval'));
      const calls = pluginCalls(scenario, 'distributed');
      const meter = measuring(standIn);
      const runner = new DistributedRunner(meter.host);
      const pauses: number[] = [];

      for (const [i, call] of calls.entries()) {
        if (call.request.get('action') !== 'getQueries') continue;
        const next = calls[i + 1];
        const write = next?.request.get('action') === 'writeResults' ? next : undefined;
        const results = write?.request.get('results');
        meter.expectStats(results);

        const text = call.rows?.[0]?.get('results');
        if (call.code === 0 && text !== undefined) await runner.accept(text);
        await runner.runPending();
        const sent = runner.results();
        expect(sent).toBe(results);
        if (sent !== undefined) runner.sent(write?.code === 0);

        pauses.push(runner.pauseSeconds(interval));
        await clock.advance((pauses.at(-1) ?? 0) * 1000);
      }

      expect(pauses.slice(0, -1)).toEqual(recordedPauses(scenario));
      expect(pauses.length).toBeGreaterThan(2);
    },
  );
});

test('failures of queries are logged with the recorded words', async () => {
  standIn = await openStandIn(1_795_221_674);
  const meter = measuring(standIn);
  const runner = new DistributedRunner(meter.host);
  await runner.accept(
    '{"queries": {"q_bad": "select * from no_such_table", "q_multi": "select 1 as a; select 2 as b"}}',
  );
  await runner.runPending();
  const errors = standIn.status.filter(({ severity }) => severity === 2);
  expect(errors.map(({ file, line, message }) => `${file}:${line}] ${message}`)).toEqual([
    'distributed.cpp:187] Error executing distributed query: q_bad: no such table: no_such_table',
    'registry_factory.cpp:188] sql registry sql plugin caused exception: map::at',
    'distributed.cpp:187] Error executing distributed query: q_multi: map::at',
  ]);
});

test('a query during which the process died is refused for a day', async () => {
  standIn = await openStandIn(1_795_221_674);
  const meter = measuring(standIn);
  const never = { ...meter.host, query: () => new Promise<never>(() => undefined) };
  const before = new DistributedRunner(never);
  await before.accept('{"queries": {"deadly": "select 1"}}');
  void before.runPending();

  const runner = new DistributedRunner(meter.host);
  await runner.accept('{"queries": {"again": "select 1"}}');
  await runner.runPending();
  expect(runner.results()).toBe(
    '{"queries":{"again":[]},"statuses":{"again":1},' +
      '"messages":{"again":"distributed query is denylisted"},"stats":{"again":{}}}',
  );
  runner.sent(true);

  await standIn.clock.advance(86_401_000);
  await runner.runPending();
  await runner.accept('{"queries": {"again": "select 1"}}');
  await runner.runPending();
  expect(runner.results()).toContain('"statuses":{"again":0}');
});

interface Stats {
  readonly wall_time_ms: number;
  readonly user_time: number;
  readonly system_time: number;
  readonly memory: number;
}

/** A host whose clock and meters say of each query what the recorded run measured. */
function measuring(stand: StandIn): {
  host: DistributedHost;
  expectStats(results: ByteString | undefined): void;
} {
  const total = { userMs: 0, systemMs: 0, memory: 0 };
  let stats = new Map<string, Stats>();
  let running: string | undefined;
  const store = memoryStore();
  return {
    expectStats(results) {
      const parsed = JSON.parse(Buffer.from(results ?? '{}', 'latin1').toString()) as {
        stats?: Record<string, Stats>;
      };
      stats = new Map(Object.entries(parsed.stats ?? {}));
    },
    host: {
      clock: stand.clock,
      store,
      status: (event: StatusEvent) => {
        stand.status.push(event);
        running = /^Executing distributed query: (.*?): /.exec(event.message)?.[1];
      },
      async query(sql) {
        const result = await stand.sql.queryWithColumns(sql);
        const cost = running === undefined ? undefined : stats.get(running);
        await stand.clock.advance(cost?.wall_time_ms ?? 0);
        total.userMs += cost?.user_time ?? 0;
        total.systemMs += cost?.system_time ?? 0;
        total.memory += cost?.memory ?? 0;
        return result;
      },
      denylistDuration: () => 86_400,
      logInfo: () => false,
      usage: () => ({ ...total }),
    },
  };
}

function memoryStore(): DistributedStore {
  const domains = new Map<string, Map<ByteString, ByteString>>();
  const domain = (name: string) => {
    const found = domains.get(name) ?? new Map<ByteString, ByteString>();
    domains.set(name, found);
    return found;
  };
  return {
    get: (name, key) => domain(name).get(key),
    put: (name, key, value) => domain(name).set(key, value),
    remove: (name, key) => domain(name).delete(key),
    keys: (name) => [...domain(name).keys()],
  };
}

/** Whole seconds between the end of a round and the next `getQueries`. */
function recordedPauses(scenario: string): number[] {
  const calls = pluginCalls(scenario, 'distributed');
  return calls.flatMap((call, i) => {
    const previous = calls[i - 1];
    if (previous === undefined || call.request.get('action') !== 'getQueries') return [];
    return [Math.round(call.seconds - previous.answeredAt)];
  });
}
