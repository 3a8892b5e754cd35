import { type ByteString, toBytes } from './bytes.ts';
import type { ScheduledPack } from './config.ts';
import { type ColumnSpec, type HostTable, hostTable, tableRow } from './host-table.ts';
import { ColumnOption } from './route.ts';
import type { TableRow } from './virtual-tables.ts';

/** How often and how long a scheduled query ran. Times in milliseconds unless named otherwise, sizes in bytes. */
export interface QueryPerformance {
  readonly executions: number;
  /** Seconds since the Unix epoch. */
  readonly lastExecuted: number;
  readonly outputSize: number;
  readonly wallTimeMs: number;
  readonly lastWallTimeMs: number;
  readonly userTime: number;
  readonly systemTime: number;
  readonly averageMemory: number;
}

/** What core knows of itself, for the `osquery_*` tables. */
export interface OsqueryState {
  info(): {
    readonly pid: number;
    readonly watcherPid: number;
    readonly uuid: ByteString;
    readonly instanceId: ByteString;
    readonly version: string;
    readonly configHash: string;
    readonly configValid: boolean;
    readonly extensionsActive: boolean;
    /** Seconds since the Unix epoch. */
    readonly startTime: number;
  };
  /** Core itself (uuid 0) and the registered extensions. */
  extensions(): ReadonlyArray<{
    readonly uuid: number;
    readonly name: ByteString;
    readonly version: ByteString;
    /** Core shows the extension's `min_sdk_version` here (recorded). */
    readonly sdkVersion: ByteString;
    readonly path: ByteString;
    readonly type: 'core' | 'extension' | 'module';
  }>;
  flags(): ReadonlyArray<{
    readonly name: string;
    readonly type: string;
    readonly description: string;
    readonly defaultValue: ByteString;
    readonly value: ByteString;
    readonly shellOnly: boolean;
  }>;
  /** Queries of active packs, under their full names. */
  schedule(): ReadonlyArray<{
    readonly name: ByteString;
    readonly query: ByteString;
    readonly interval: number;
    readonly performance?: QueryPerformance;
  }>;
  packs(): readonly ScheduledPack[];
  registry(): ReadonlyArray<{
    readonly registry: string;
    readonly name: ByteString;
    /** 0 for core. */
    readonly ownerUuid: number;
    readonly internal: boolean;
    readonly active: boolean;
  }>;
}

const UTILITY = 1;

/** The tables about core itself. */
export function osqueryTables(state: OsqueryState): ReadonlyArray<readonly [ByteString, HostTable]> {
  const table = (columns: readonly ColumnSpec[], rows: () => TableRow[]) => hostTable(columns, rows, UTILITY);
  return [
    ['osquery_info', table(INFO, () => [infoRow(state)])],
    ['osquery_extensions', table(EXTENSIONS, () => extensionRows(state))],
    ['osquery_flags', table(FLAGS, () => flagRows(state))],
    ['osquery_schedule', table(SCHEDULE, () => scheduleRows(state))],
    ['osquery_packs', table(PACKS, () => packRows(state))],
    ['osquery_registry', table(REGISTRY, () => registryRows(state))],
  ];
}

/** POSIX 1 and Linux 8, macOS 16 or Windows 2: `osquery_info.platform_mask`, also `platform_type` at enrollment. */
export function platformMask(platform: NodeJS.Platform = process.platform): number {
  if (platform === 'win32') return 2;
  return platform === 'darwin' ? 21 : platform === 'linux' ? 9 : 1;
}

const INFO: readonly ColumnSpec[] = [
  ['pid', 'INTEGER'],
  ['uuid', 'TEXT', ColumnOption.NOCASE],
  ['instance_id', 'TEXT'],
  ['version', 'TEXT', ColumnOption.VERSION],
  ['config_hash', 'TEXT', ColumnOption.NOCASE],
  ['config_valid', 'INTEGER'],
  ['extensions', 'TEXT'],
  ['build_platform', 'TEXT'],
  ['build_distro', 'TEXT'],
  ['start_time', 'INTEGER'],
  ['watcher', 'INTEGER'],
  ['platform_mask', 'INTEGER'],
];

function infoRow(state: OsqueryState): TableRow {
  const info = state.info();
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return tableRow({
    pid: info.pid,
    uuid: info.uuid,
    instance_id: info.instanceId,
    version: info.version,
    config_hash: info.configHash,
    config_valid: info.configValid,
    extensions: info.extensionsActive ? 'active' : 'inactive',
    build_platform: platform,
    build_distro: process.platform === 'linux' ? 'centos7' : '10',
    start_time: info.startTime,
    watcher: info.watcherPid,
    platform_mask: platformMask(),
  });
}

const EXTENSIONS: readonly ColumnSpec[] = [
  ['uuid', 'BIGINT'],
  ['name', 'TEXT'],
  ['version', 'TEXT'],
  ['sdk_version', 'TEXT'],
  ['path', 'TEXT'],
  ['type', 'TEXT'],
];

function extensionRows(state: OsqueryState): TableRow[] {
  return state
    .extensions()
    .map(({ uuid, name, version, sdkVersion, path, type }) =>
      tableRow({ uuid, name, version, sdk_version: sdkVersion, path, type }),
    );
}

const FLAGS: readonly ColumnSpec[] = [
  ['name', 'TEXT'],
  ['type', 'TEXT'],
  ['description', 'TEXT'],
  ['default_value', 'TEXT'],
  ['value', 'TEXT'],
  ['shell_only', 'INTEGER'],
];

function flagRows(state: OsqueryState): TableRow[] {
  return state.flags().map(({ name, type, description, defaultValue, value, shellOnly }) =>
    tableRow({
      name,
      type,
      description: toBytes(description),
      default_value: defaultValue,
      value,
      shell_only: shellOnly,
    }),
  );
}

const SCHEDULE: readonly ColumnSpec[] = [
  ['name', 'TEXT'],
  ['query', 'TEXT'],
  ['interval', 'INTEGER'],
  ['executions', 'BIGINT'],
  ['last_executed', 'BIGINT'],
  ['denylisted', 'INTEGER'],
  ['output_size', 'BIGINT'],
  ['wall_time', 'BIGINT'],
  ['wall_time_ms', 'BIGINT'],
  ['last_wall_time_ms', 'BIGINT'],
  ['user_time', 'BIGINT'],
  ['last_user_time', 'BIGINT'],
  ['system_time', 'BIGINT'],
  ['last_system_time', 'BIGINT'],
  ['average_memory', 'BIGINT'],
  ['last_memory', 'BIGINT'],
];

const NOT_RUN: QueryPerformance = {
  executions: 0,
  lastExecuted: 0,
  outputSize: 0,
  wallTimeMs: 0,
  lastWallTimeMs: 0,
  userTime: 0,
  systemTime: 0,
  averageMemory: 0,
};

function scheduleRows(state: OsqueryState): TableRow[] {
  return state.schedule().map(({ name, query, interval, performance = NOT_RUN }) =>
    tableRow({
      name,
      query,
      interval,
      executions: performance.executions,
      last_executed: performance.lastExecuted,
      denylisted: false,
      output_size: performance.outputSize,
      wall_time: Math.floor(performance.wallTimeMs / 1000),
      wall_time_ms: performance.wallTimeMs,
      last_wall_time_ms: performance.lastWallTimeMs,
      user_time: performance.userTime,
      last_user_time: 0,
      system_time: performance.systemTime,
      last_system_time: 0,
      average_memory: performance.averageMemory,
      last_memory: 0,
    }),
  );
}

const PACKS: readonly ColumnSpec[] = [
  ['name', 'TEXT'],
  ['platform', 'TEXT'],
  ['version', 'TEXT'],
  ['shard', 'INTEGER'],
  ['discovery_cache_hits', 'INTEGER'],
  ['discovery_executions', 'INTEGER'],
  ['active', 'INTEGER'],
];

function packRows(state: OsqueryState): TableRow[] {
  return state.packs().map(({ name, platform, version, shard, discoveryExecutions, active }) =>
    tableRow({
      name,
      platform,
      version,
      shard,
      discovery_cache_hits: 0,
      discovery_executions: discoveryExecutions,
      active,
    }),
  );
}

const REGISTRY: readonly ColumnSpec[] = [
  ['registry', 'TEXT', ColumnOption.INDEX],
  ['name', 'TEXT'],
  ['owner_uuid', 'INTEGER'],
  ['internal', 'INTEGER'],
  ['active', 'INTEGER'],
];

function registryRows(state: OsqueryState): TableRow[] {
  return state
    .registry()
    .map(({ registry, name, ownerUuid, internal, active }) =>
      tableRow({ registry, name, owner_uuid: ownerUuid, internal, active }),
    );
}
