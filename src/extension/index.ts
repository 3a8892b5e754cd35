/**
 * Write extensions for osquery in TypeScript: `runExtension` with plugins of `configPlugin`, `loggerPlugin`,
 * `distributedPlugin` and `tablePlugin`.
 */
export { type ExtensionArguments, parseArguments } from './arguments.ts';
export { type ConfigPlugin, type ConfigSources, configPlugin, type JsonText } from './config-plugin.ts';
export type { CoreDatabase, DatabaseDomain } from './core-database.ts';
export {
  type DistributedPlugin,
  type DistributedQueries,
  type DistributedResults,
  distributedPlugin,
  parseResults,
} from './distributed-plugin.ts';
export { ExtensionError, type ExtensionErrorCode } from './errors.ts';
export { Extension, type ExtensionEnd, type ExtensionOptions } from './extension.ts';
export {
  type CallOptions,
  type CoreRequest,
  type ExtensionInfo,
  ExtensionManager,
  type ManagerOptions,
  type OsqueryOption,
  type QueryColumn,
} from './extension-manager.ts';
export type { LogLevel } from './log-level.ts';
export { type LoggerPlugin, loggerPlugin, parseStatusLines, type StatusLine } from './logger-plugin.ts';
export { osquerydAsParent, type Parent } from './parent.ts';
export type { Plugin, PluginReply, PluginRequest, PluginRow, RegistryName } from './plugin.ts';
export type { QueryRow } from './rows.ts';
export { printLine, type RunOptions, runExtension } from './run-extension.ts';
export {
  type Collation,
  type Column,
  type Columns,
  type ColumnType,
  type Constraint,
  ConstraintError,
  type Operator,
  type QueryContext,
  type Row,
  type RowId,
  type RowsOf,
  type TableAttributes,
  type TablePlugin,
  tablePlugin,
  type WrittenRow,
  type WrittenValue,
} from './table/index.ts';
