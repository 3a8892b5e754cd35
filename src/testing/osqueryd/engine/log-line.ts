import { type ByteString, toBytes } from './bytes.ts';
import { calendarTime } from './calendar-time.ts';
import type { RowChanges } from './differential.ts';
import { jsonColumn, jsonObject, jsonString, type Members, setMember } from './json-writer.ts';
import { type Row, sortedRow } from './row.ts';

/** What every line of one execution of a scheduled query has in common. */
export interface LogItem {
  readonly name: ByteString;
  readonly hostIdentifier: ByteString;
  /** Seconds since the Unix epoch. */
  readonly unixTime: number;
  /** `--schedule_epoch`. */
  readonly epoch: number;
  /** 0 for the first full result of an epoch and for snapshots. */
  readonly counter: number;
  readonly decorations: ReadonlyMap<ByteString, ByteString>;
}

/** The flags that decide about the form of lines. */
export interface LogShape {
  /** `--logger_event_type`, default true: one line for each row. */
  readonly eventType: boolean;
  /** `--logger_snapshot_event_type`, default false. */
  readonly snapshotEventType: boolean;
  /** `--logger_numerics`, default false: numbers as JSON numbers. */
  readonly numerics: boolean;
  /** `--decorations_top_level`, default false. */
  readonly decorationsTopLevel: boolean;
}

export const DEFAULT_LOG_SHAPE: LogShape = {
  eventType: true,
  snapshotEventType: false,
  numerics: false,
  decorationsTopLevel: false,
};

/**
 * The result lines of a differential query, each to be sent in a `string` call: removed rows first. In the event form
 * no changes make no line; the batch form always makes one.
 */
export function differentialLines(item: LogItem, changes: RowChanges, shape: LogShape): ByteString[] {
  if (shape.eventType) {
    return [
      ...changes.removed.map((row) => eventLine(item, row, 'removed', shape)),
      ...changes.added.map((row) => eventLine(item, row, 'added', shape)),
    ];
  }
  const results = jsonObject([
    ['removed', rowList(changes.removed, shape)],
    ['added', rowList(changes.added, shape)],
  ]);
  const members: Members = [['diffResults', results]];
  addCommon(members, item, shape);
  return [jsonObject(members)];
}

/** The lines of a snapshot query, each to be sent in a `snapshot` call. */
export function snapshotLines(item: LogItem, rows: readonly Row[], shape: LogShape): ByteString[] {
  if (shape.snapshotEventType) return rows.map((row) => eventLine(item, row, 'snapshot', shape));
  const members: Members = [
    ['snapshot', rowList(rows, shape)],
    ['action', '"snapshot"'],
  ];
  addCommon(members, item, shape);
  return [jsonObject(members)];
}

function eventLine(item: LogItem, row: Row, action: string, shape: LogShape): ByteString {
  const members: Members = [];
  addCommon(members, item, shape);
  setMember(members, 'columns', columns(row, shape));
  setMember(members, 'action', jsonString(action));
  return jsonObject(members);
}

function addCommon(members: Members, item: LogItem, shape: LogShape): void {
  setMember(members, 'name', jsonString(item.name));
  setMember(members, 'hostIdentifier', jsonString(item.hostIdentifier));
  setMember(members, 'calendarTime', jsonString(toBytes(calendarTime(item.unixTime))));
  setMember(members, 'unixTime', String(item.unixTime));
  setMember(members, 'epoch', String(item.epoch));
  setMember(members, 'counter', String(item.counter));
  setMember(members, 'numerics', String(shape.numerics));
  if (item.decorations.size === 0) return;
  const decorations = [...sortedRow(item.decorations)].map(
    ([name, value]) => [name, jsonColumn(value, false)] as const,
  );
  if (!shape.decorationsTopLevel) setMember(members, 'decorations', jsonObject(decorations));
  else for (const [name, value] of decorations) setMember(members, name, value);
}

function rowList(rows: readonly Row[], shape: LogShape): ByteString {
  return `[${rows.map((row) => columns(row, shape)).join(',')}]`;
}

function columns(row: Row, shape: LogShape): ByteString {
  return jsonObject([...sortedRow(row)].map(([name, value]) => [name, jsonColumn(value, shape.numerics)]));
}
