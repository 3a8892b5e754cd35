import { defaultPaths } from '../../server/index.ts';

export interface FlagOptions {
  /** Where everything lives; removed afterwards. */
  readonly directory: string;
  readonly extension: string;
  /** `host:port` */
  readonly hostname: string;
  readonly caFile: string;
  readonly secretFile: string;
  /** The extension belongs to somebody whom osqueryd does not trust, as when root runs it from a user's clone. */
  readonly allowUnsafe: boolean;
  /** Flags that differ, by name. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/** The socket of osqueryd in `directory`. */
export function socketIn(directory: string): string {
  return `${directory}/osquery.em`;
}

/**
 * The flags for an osqueryd that has nothing in common with the one of this host: neither its files, nor its
 * extensions, nor its flag file (which is read unless another is given). Everything comes at short intervals.
 */
export function flagsFor(options: FlagOptions): string[] {
  const { directory } = options;
  const flags: Record<string, string> = {
    pidfile: `${directory}/osqueryd.pid`,
    database_path: `${directory}/osquery.db`,
    extensions_socket: socketIn(directory),
    extensions_autoload: `${directory}/none.load`,
    extension: options.extension,
    extensions_timeout: '20',
    extensions_interval: '3',
    allow_unsafe: String(options.allowUnsafe),
    tls_hostname: options.hostname,
    tls_server_certs: options.caFile,
    enroll_secret_path: options.secretFile,
    enroll_tls_endpoint: defaultPaths.enroll,
    config_plugin: 'remote',
    config_tls_endpoint: defaultPaths.config,
    config_refresh: '5',
    config_accelerated_refresh: '2',
    logger_plugin: 'remote',
    logger_tls_endpoint: defaultPaths.log,
    logger_tls_period: '1',
    logger_min_status: '0',
    // Tells with each run of a scheduled query, so that there always are status lines.
    schedule_lognames: 'true',
    schedule_splay_percent: '0',
    disable_distributed: 'false',
    distributed_plugin: 'remote',
    distributed_interval: '2',
    distributed_tls_read_endpoint: defaultPaths.distributed_read,
    distributed_tls_write_endpoint: defaultPaths.distributed_write,
    disable_events: 'true',
    ...options.overrides,
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
