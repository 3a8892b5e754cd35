import type { ByteString } from './bytes.ts';
import { compareRows, type Row, rowKey } from './row.ts';

/** What changed between two executions. */
export interface RowChanges {
  readonly removed: readonly Row[];
  readonly added: readonly Row[];
}

/** What core stores of a scheduled query between executions. */
export interface DifferentialState {
  readonly query: ByteString;
  readonly epoch: number;
  readonly counter: number;
  readonly rows: readonly Row[];
}

/** One execution's outcome for a differential query. */
export interface DifferentialStep {
  readonly state: DifferentialState;
  readonly counter: number;
  readonly changes: RowChanges;
  /** Why all rows count as added, undefined for an ordinary comparison. */
  readonly fresh: 'new' | 'epoch' | undefined;
  /** The SQL text is another one than last time; rows are compared all the same and the counter starts again. */
  readonly updated: boolean;
}

/**
 * Compares the result of an execution with the one before. `counter` is 0 for a full result and goes up by one with
 * every execution that changed something; with no change the stored counter stays where it was. Rows must be escaped
 * already (`escapeRow`).
 */
export function nextDifferential(
  previous: DifferentialState | undefined,
  query: ByteString,
  epoch: number,
  rows: readonly Row[],
): DifferentialStep {
  const fresh = previous === undefined ? 'new' : previous.epoch !== epoch ? 'epoch' : undefined;
  if (previous === undefined || fresh !== undefined) {
    const state = { query, epoch, counter: 0, rows };
    return { state, counter: 0, changes: { removed: [], added: rows }, fresh, updated: false };
  }
  const updated = previous.query !== query;
  const changes = compareResults(previous.rows, rows);
  const changed = changes.added.length > 0 || changes.removed.length > 0;
  const counter = updated ? 0 : previous.counter + 1;
  const state = {
    query,
    epoch,
    counter: changed || updated ? counter : previous.counter,
    rows: changed ? rows : previous.rows,
  };
  return { state, counter, changes, fresh: undefined, updated };
}

/** Added rows in the order of the new result, removed rows in core's sort order; equal rows are counted. */
export function compareResults(previous: readonly Row[], current: readonly Row[]): RowChanges {
  const left = new Map<string, Row[]>();
  for (const row of previous) {
    const key = rowKey(row);
    const same = left.get(key);
    if (same === undefined) left.set(key, [row]);
    else same.push(row);
  }
  const added = current.filter((row) => left.get(rowKey(row))?.pop() === undefined);
  return { removed: [...left.values()].flat().sort(compareRows), added };
}
