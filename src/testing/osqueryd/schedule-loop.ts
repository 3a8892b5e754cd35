import type { Clock } from '../../clock/index.ts';
import {
  type ByteString,
  type Config,
  execution,
  executionFailed,
  executionStarts,
  type QueryResult,
  type ScheduledQuery,
  SchedulePace,
  type StatusSink,
  stepAt,
} from './engine/index.ts';
import type { Flags } from './flags.ts';
import type { Loggers } from './loggers.ts';
import type { QueryStates } from './query-states.ts';

/** What the scheduler works with. */
export interface ScheduleHost {
  readonly clock: Clock;
  readonly flags: Flags;
  readonly config: Config;
  readonly loggers: Loggers;
  readonly log: StatusSink;
  readonly states: QueryStates;
  query(sql: ByteString): Promise<QueryResult>;
  hostIdentifier(): ByteString;
  /** A logger refused a line: the daemon is to end with code 78 and this message. */
  fatal(message: ByteString): void;
}

/** Runs the schedule, one step a second, until `signal` is aborted. Never throws. */
export async function runSchedule(host: ScheduleHost, signal: AbortSignal): Promise<void> {
  const { clock, flags, config, loggers } = host;
  const pace = new SchedulePace();
  for (let second = Math.floor(clock.now() / 1000); !signal.aborted; second++) {
    const startedMs = clock.monotonic();
    const step = stepAt(second, await config.schedule(), flags.number('schedule_reload'));
    for (const query of step.queries) {
      await launchQuery(host, query);
      if (signal.aborted) return;
    }
    if (step.intervalDecorators) await config.decorators.run({ second });
    if (step.relayStatus) void loggers.relayStatus();
    const pauseMs = pace.pauseAfter(clock.monotonic() - startedMs, flags.number('schedule_max_drift'));
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}

async function launchQuery(host: ScheduleHost, query: ScheduledQuery): Promise<void> {
  const { flags, config, states } = host;
  host.log(executionStarts(query));
  await config.decorators.run('always');
  const result = await host.query(query.query);
  if ('error' in result) {
    host.log(executionFailed(query.name, result.error));
    return;
  }
  const item = {
    hostIdentifier: host.hostIdentifier(),
    unixTime: Math.floor(host.clock.now() / 1000),
    epoch: flags.number('schedule_epoch'),
    decorations: config.decorators.values(),
  };
  const shape = {
    eventType: flags.bool('logger_event_type'),
    snapshotEventType: flags.bool('logger_snapshot_event_type'),
    numerics: flags.bool('logger_numerics'),
    decorationsTopLevel: flags.bool('decorations_top_level'),
  };
  const { status, state, calls } = execution(query, result.rows, states.get(query.name), item, shape);
  for (const event of status) host.log(event);
  if (state !== undefined) states.set(query.name, state);
  if (flags.bool('disable_logging')) return;
  let last = { code: 0, message: '' };
  for (const call of calls) last = await host.loggers.log(call);
  if (last.code !== 0) {
    host.fatal(`Error logging the results of query: ${query.name}: ${last.message}`);
  }
}
