import { describe, expect, test } from 'vitest';
import {
  type ByteString,
  type DifferentialState,
  execution,
  type LoggerCall,
  type LogShape,
  readJson,
  statusLog,
  stepAt,
} from '../../src/testing/osqueryd/engine/index.ts';
import { pluginCalls, recordedFlags } from './recorded-calls.ts';
import { openStandIn } from './stand-in.ts';

const SCENARIOS = [
  'logger-results',
  'logger-results-5.23.1',
  'logger-results-batch',
  'logger-results-batch-5.23.1',
  'logger-results-snapshot-events-numerics',
  'logger-results-snapshot-events-numerics-5.23.1',
  'unicode-binary',
];

describe('the schedule of a recorded run, second by second', () => {
  test.each(SCENARIOS)('%s: every string and snapshot call is the recorded one', async (scenario) => {
    const recorded = pluginCalls(scenario, 'logger')
      .map(({ request }) => request)
      .filter((request) => request.has('string') || request.has('snapshot'));
    const seconds = recorded.map((request) => secondOf(request.get('string') ?? request.get('snapshot')));
    const first = seconds.find((second) => second !== undefined) ?? 0;
    const last = seconds.findLast((second) => second !== undefined) ?? 0;

    const calls = await runSchedule(scenario, first, last);

    const lines = calls
      .slice(0, recorded.length)
      .map(({ kind, line }) =>
        kind === 'string' ? { category: 'event', string: line } : { snapshot: line },
      );
    expect(lines).toEqual(recorded.map((request) => Object.fromEntries(request)));
    expect(recorded.length).toBeGreaterThan(8);
  });
});

/** Runs the recorded configuration from its first to its last second on the clock of the test. */
async function runSchedule(scenario: string, first: number, last: number): Promise<LoggerCall[]> {
  const flags = recordedFlags(scenario);
  const standIn = await openStandIn(first);
  const [genConfig] = pluginCalls(scenario, 'config');
  expect(await standIn.config.update(genConfig?.rows?.[0] ?? new Map())).toEqual({ code: 0, message: 'OK' });
  const schedule = await standIn.config.schedule();
  const shape: LogShape = {
    eventType: flags.get('logger_event_type') !== 'false',
    snapshotEventType: flags.get('logger_snapshot_event_type') === 'true',
    numerics: flags.get('logger_numerics') === 'true',
    decorationsTopLevel: flags.get('decorations_top_level') === 'true',
  };
  const states = new Map<ByteString, DifferentialState>();
  const calls: LoggerCall[] = [];
  for (let second = first; second <= last; second++) {
    const step = stepAt(second, schedule);
    for (const query of step.queries) {
      await standIn.config.decorators.run('always');
      const result = await standIn.sql.query(query.query);
      if ('error' in result) throw new Error(result.error);
      const item = {
        hostIdentifier: 'golden-node',
        unixTime: Math.floor(standIn.clock.now() / 1000),
        epoch: Number(flags.get('schedule_epoch') ?? 0),
        decorations: standIn.config.decorators.values(),
      };
      const done = execution(query, result.rows, states.get(query.name), item, shape);
      if (done.state !== undefined) states.set(query.name, done.state);
      calls.push(...done.calls);
    }
    if (step.intervalDecorators) await standIn.config.decorators.run({ second });
    await standIn.clock.advance(1000);
  }
  standIn.sql.close();
  return calls;
}

function secondOf(line: unknown): number | undefined {
  const found = typeof line === 'string' ? /"unixTime":(\d+)/.exec(line) : null;
  return found === null ? undefined : Number(found[1]);
}

test.each(['logger-status', 'logger-status-verbose', 'config-refresh', 'unicode-binary', 'table-generate'])(
  '%s: status lines are written as recorded',
  (scenario) => {
    const logs = pluginCalls(scenario, 'logger').flatMap(({ request }) => request.get('log') ?? []);
    expect(logs.length).toBeGreaterThan(1);
    for (const log of logs) {
      const lines = JSON.parse(Buffer.from(log, 'latin1').toString()) as Array<{
        readonly s: 0 | 1 | 2;
        readonly f: string;
        readonly i: number;
        readonly m: string;
        readonly h: string;
        readonly u: number;
      }>;
      const [host] = lines.map(({ h }) => h);
      const events = lines.map(({ s, f, i, m, u }) => ({
        severity: s,
        file: f,
        line: i,
        message: Buffer.from(m, 'utf8').toString('latin1'),
        unixTime: u,
      }));
      expect(statusLog(events, host ?? '')).toBe(log);
      expect(readJson(log)).toBeDefined();
    }
  },
);
