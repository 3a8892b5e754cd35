export { type ByteString, compareBytes, fromBytes, toBytes, untilNul } from './bytes.ts';
export { calendarTime } from './calendar-time.ts';
export { Config, type ConfigHost, type ConfigStatus, type ScheduledPack } from './config.ts';
export type { OptionSetter } from './config-options.ts';
export { MAX_CONFIG_BYTES, MAX_CONFIG_BYTES_5_23 } from './config-text.ts';
export type { DecorationPoint, DecoratorSet } from './decorators.ts';
export { compareResults, type DifferentialState, nextDifferential, type RowChanges } from './differential.ts';
export { type DistributedHost, DistributedRunner, type DistributedStore } from './distributed.ts';
export { type DistributedResult, resultsText } from './distributed-results.ts';
export { escapeBytes, escapeRow } from './escape.ts';
export type { HostTable } from './host-table.ts';
export { type EngineProvider, hostTables } from './host-tables.ts';
export { isArray, isNumber, isObject, type JsonValue, member, readJson } from './json-reader.ts';
export { jsonObject, jsonString, jsonText } from './json-writer.ts';
export {
  DEFAULT_LOG_SHAPE,
  differentialLines,
  type LogItem,
  type LogShape,
  snapshotLines,
} from './log-line.ts';
export { type OsqueryState, platformMask, type QueryPerformance } from './osquery-tables.ts';
export type { Pack, PackContext, ScheduledQuery } from './pack.ts';
export { type Route, type RouteColumn, type RouteRow, readRoute, routeRows } from './route.ts';
export { type Row, rowText, type Value, valueText } from './row.ts';
export {
  type Execution,
  execution,
  executionFailed,
  executionStarts,
  type LoggerCall,
} from './scheduled-query.ts';
export { SchedulePace, type ScheduleStep, stepAt } from './scheduler.ts';
export { memorySplays, type SplayStore, splayedInterval } from './splay.ts';
export {
  type ColumnsResult,
  type Generate,
  type Generated,
  type QueryResult,
  SqlEngine,
  type TableRow,
  type Write,
} from './sql-engine.ts';
export {
  type Severity,
  type StatusEvent,
  type StatusLine,
  type StatusSink,
  statusLog,
} from './status-line.ts';
export type { WriteRequest } from './table-write.ts';
