import type { Clock } from '../../../clock/index.ts';
import type { ByteString } from './bytes.ts';
import { osVersionRows, platformInfoRows, systemInfoRows } from './host-identity.ts';
import { processRows } from './host-processes.ts';
import { etcHostsRows, timeRows, uptimeRows, userRows } from './host-system.ts';
import { type ColumnSpec, type HostTable, hostTable } from './host-table.ts';
import { type OsqueryState, osqueryTables } from './osquery-tables.ts';
import { ColumnOption } from './route.ts';

/** What the tables of core tell about core itself, and where they take the time and this host's uuid from. */
export interface EngineProvider extends OsqueryState {
  readonly clock: Clock;
  /** `osquery_info.uuid` and `system_info.uuid`. */
  hostUuid(): ByteString;
}

const { INDEX, ADDITIONAL, HIDDEN } = ColumnOption;

/** The tables of core that this stand-in has, by name, filled from this host. */
export function hostTables(provider: EngineProvider): ReadonlyMap<ByteString, HostTable> {
  const { clock } = provider;
  return new Map<ByteString, HostTable>([
    ...osqueryTables(provider),
    ['os_version', hostTable(OS_VERSION, osVersionRows)],
    ['system_info', hostTable(SYSTEM_INFO, () => systemInfoRows(provider.hostUuid()))],
    ['platform_info', hostTable(PLATFORM_INFO, platformInfoRows)],
    ['processes', hostTable(PROCESSES, processRows)],
    ['users', hostTable(USERS, userRows)],
    ['uptime', hostTable(UPTIME, uptimeRows)],
    ['time', hostTable(TIME, () => timeRows(clock.now()))],
    ['etc_hosts', hostTable(ETC_HOSTS, etcHostsRows)],
  ]);
}

const NAMESPACE: readonly ColumnSpec[] = [['pid_with_namespace', 'INTEGER', ADDITIONAL | HIDDEN]];

const OS_VERSION: readonly ColumnSpec[] = [
  ['name', 'TEXT'],
  ['version', 'TEXT'],
  ['major', 'INTEGER'],
  ['minor', 'INTEGER'],
  ['patch', 'INTEGER'],
  ['build', 'TEXT'],
  ['platform', 'TEXT'],
  ['platform_like', 'TEXT'],
  ['codename', 'TEXT'],
  ['arch', 'TEXT'],
  ['extra', 'TEXT'],
  ['install_date', 'BIGINT', HIDDEN],
  ...NAMESPACE,
  ['mount_namespace_id', 'TEXT', HIDDEN],
];

const SYSTEM_INFO: readonly ColumnSpec[] = [
  ['hostname', 'TEXT'],
  ['uuid', 'TEXT'],
  ['cpu_type', 'TEXT'],
  ['cpu_subtype', 'TEXT'],
  ['cpu_brand', 'TEXT'],
  ['cpu_physical_cores', 'INTEGER'],
  ['cpu_logical_cores', 'INTEGER'],
  ['cpu_sockets', 'INTEGER'],
  ['cpu_microcode', 'TEXT'],
  ['physical_memory', 'BIGINT'],
  ['hardware_vendor', 'TEXT'],
  ['hardware_model', 'TEXT'],
  ['hardware_version', 'TEXT'],
  ['hardware_serial', 'TEXT'],
  ['board_vendor', 'TEXT'],
  ['board_model', 'TEXT'],
  ['board_version', 'TEXT'],
  ['board_serial', 'TEXT'],
  ['computer_name', 'TEXT'],
  ['local_hostname', 'TEXT'],
];

const PLATFORM_INFO: readonly ColumnSpec[] = [
  ['vendor', 'TEXT'],
  ['version', 'TEXT'],
  ['date', 'TEXT'],
  ['revision', 'TEXT'],
  ['extra', 'TEXT'],
  ['firmware_type', 'TEXT'],
  ['address', 'TEXT'],
  ['size', 'TEXT'],
  ['volume_size', 'INTEGER'],
];

const PROCESSES: readonly ColumnSpec[] = [
  ['pid', 'BIGINT', INDEX],
  ['name', 'TEXT'],
  ['path', 'TEXT'],
  ['cmdline', 'TEXT'],
  ['state', 'TEXT'],
  ['cwd', 'TEXT'],
  ['root', 'TEXT'],
  ['uid', 'BIGINT'],
  ['gid', 'BIGINT'],
  ['euid', 'BIGINT'],
  ['egid', 'BIGINT'],
  ['suid', 'BIGINT'],
  ['sgid', 'BIGINT'],
  ['on_disk', 'INTEGER'],
  ['wired_size', 'BIGINT'],
  ['resident_size', 'BIGINT'],
  ['total_size', 'BIGINT'],
  ['user_time', 'BIGINT'],
  ['system_time', 'BIGINT'],
  ['disk_bytes_read', 'BIGINT'],
  ['disk_bytes_written', 'BIGINT'],
  ['start_time', 'BIGINT'],
  ['parent', 'BIGINT'],
  ['pgroup', 'BIGINT'],
  ['threads', 'INTEGER'],
  ['nice', 'INTEGER'],
];

const USERS: readonly ColumnSpec[] = [
  ['uid', 'BIGINT', INDEX],
  ['gid', 'BIGINT'],
  ['uid_signed', 'BIGINT'],
  ['gid_signed', 'BIGINT'],
  ['username', 'TEXT', INDEX],
  ['description', 'TEXT'],
  ['directory', 'TEXT'],
  ['shell', 'TEXT'],
  ['uuid', 'TEXT', INDEX],
  ['type', 'TEXT', HIDDEN],
  ['is_hidden', 'INTEGER', HIDDEN],
  ...NAMESPACE,
];

const UPTIME: readonly ColumnSpec[] = [
  ['days', 'INTEGER'],
  ['hours', 'INTEGER'],
  ['minutes', 'INTEGER'],
  ['seconds', 'INTEGER'],
  ['total_seconds', 'BIGINT'],
];

const TIME: readonly ColumnSpec[] = [
  ['weekday', 'TEXT'],
  ['year', 'INTEGER'],
  ['month', 'INTEGER'],
  ['day', 'INTEGER'],
  ['hour', 'INTEGER'],
  ['minutes', 'INTEGER'],
  ['seconds', 'INTEGER'],
  ['timezone', 'TEXT'],
  ['local_timezone', 'TEXT'],
  ['unix_time', 'INTEGER'],
  ['timestamp', 'TEXT'],
  ['datetime', 'TEXT'],
  ['iso_8601', 'TEXT'],
  ['win_timestamp', 'BIGINT', HIDDEN],
];

const ETC_HOSTS: readonly ColumnSpec[] = [['address', 'TEXT'], ['hostnames', 'TEXT'], ...NAMESPACE];
