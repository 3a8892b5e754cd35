import type { ByteString } from './bytes.ts';
import {
  type DifferentialState,
  type DifferentialStep,
  nextDifferential,
  type RowChanges,
} from './differential.ts';
import { escapeRow } from './escape.ts';
import { differentialLines, type LogItem, type LogShape, snapshotLines } from './log-line.ts';
import type { ScheduledQuery } from './pack.ts';
import type { Row } from './row.ts';
import type { StatusEvent } from './status-line.ts';

/** A call into the logger plugins. */
export interface LoggerCall {
  readonly kind: 'string' | 'snapshot';
  readonly line: ByteString;
}

/** What one execution of a scheduled query leads to, in this order: status lines, state to keep, logger calls. */
export interface Execution {
  readonly status: readonly StatusEvent[];
  /** To be given to the next execution of the same name; undefined for snapshots, whose state does not change. */
  readonly state: DifferentialState | undefined;
  readonly calls: readonly LoggerCall[];
}

/**
 * Turns the rows of one execution into logger calls (D.2 and B.2 of the protocol).
 * @param item as `LogItem`; `counter` is decided here.
 */
export function execution(
  query: ScheduledQuery,
  rows: readonly Row[],
  previous: DifferentialState | undefined,
  item: Omit<LogItem, 'counter' | 'name'>,
  shape: LogShape,
): Execution {
  const common = { ...item, name: query.name };
  if (query.snapshot) {
    const lines = snapshotLines({ ...common, counter: 0 }, rows, shape);
    return { status: [], state: undefined, calls: lines.map((line) => ({ kind: 'snapshot', line })) };
  }
  const step = nextDifferential(previous, query.query, item.epoch, rows.map(escapeRow));
  const changes: RowChanges = query.removed ? step.changes : { ...step.changes, removed: [] };
  const silent = changes.added.length + changes.removed.length === 0 && step.fresh === undefined;
  const lines = silent ? [] : differentialLines({ ...common, counter: step.counter }, changes, shape);
  return {
    status: statusOf(query, step),
    state: step.state,
    calls: lines.map((line) => ({ kind: 'string', line })),
  };
}

/** What core logs when the SQL of a scheduled query fails. */
export function executionFailed(name: ByteString, error: ByteString): StatusEvent {
  const message = `Error executing scheduled query ${name}: ${error}`;
  return { severity: 2, file: 'scheduler.cpp', line: 128, message };
}

/** What core logs at verbose level before it runs a scheduled query. */
export function executionStarts(query: ScheduledQuery): StatusEvent {
  const message = `Executing scheduled query ${query.name}: ${query.query}`;
  return { severity: 0, file: 'scheduler.cpp', line: 120, message, verbose: true };
}

function statusOf(query: ScheduledQuery, step: DifferentialStep): StatusEvent[] {
  const event = (line: number, message: ByteString): StatusEvent[] => [
    { severity: 0, file: 'query.cpp', line, message },
  ];
  if (step.fresh === 'new') {
    return event(119, `Storing initial results for new scheduled query: ${query.name}`);
  }
  if (step.fresh === 'epoch') {
    return event(123, `New Epoch ${step.state.epoch} for scheduled query ${query.name}`);
  }
  return step.updated ? event(127, `Scheduled query has been updated: ${query.name}`) : [];
}
