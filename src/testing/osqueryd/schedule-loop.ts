import type { Clock } from '../../clock/index.ts';
import {
  type ByteString,
  type Config,
  type DifferentialState,
  differentialLines,
  type Row as EngineRow,
  type Execution,
  escapeRow,
  execution,
  executionFailed,
  executionStarts,
  type LogItem,
  type LogShape,
  type QueryResult,
  type ScheduledQuery,
  SchedulePace,
  type StatusSink,
  stepAt,
} from './engine/index.ts';
import type { EventTables } from './event-tables.ts';
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
  readonly events: EventTables;
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
  const isEventQuery = host.events.isEventQuery(query.query);
  const run = () => host.query(query.query);
  const result = await (isEventQuery ? host.events.unseen(query.name, run) : run());
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
  const previous = states.get(query.name);
  const { status, state, calls } =
    isEventQuery && previous !== undefined
      ? eventExecution(query, result.rows, previous, item, shape)
      : execution(query, result.rows, previous, item, shape);
  for (const event of status) host.log(event);
  if (state !== undefined) states.set(query.name, state);
  if (flags.bool('disable_logging')) return;
  let last = { code: 0, message: '' };
  for (const call of calls) last = await host.loggers.log(call);
  if (last.code !== 0) {
    host.fatal(`Error logging the results of query: ${query.name}: ${last.message}`);
  }
}

/** Events are never removed: all rows are new, and the counter counts the executions that had some. */
function eventExecution(
  query: ScheduledQuery,
  rows: readonly EngineRow[],
  previous: DifferentialState,
  item: Omit<LogItem, 'counter' | 'name'>,
  shape: LogShape,
): Execution {
  if (rows.length === 0) return { status: [], state: undefined, calls: [] };
  const changes = { removed: [], added: rows.map(escapeRow) };
  const { counter } = previous;
  const lines = differentialLines({ ...item, name: query.name, counter }, changes, shape);
  const calls = lines.map((line) => ({ kind: 'string' as const, line }));
  return { status: [], state: { ...previous, counter: counter + 1 }, calls };
}
