import type { StreamName } from '../../api.ts';
import type { OsqueryOption } from '../../extension/index.ts';
import type { EnrollmentSettings } from '../enrollment/index.ts';
import { type Caps, defaultCaps, defaultForwardSettings, type ForwardSettings } from '../outbox/index.ts';
import type { TransportSettings } from '../transport/index.ts';
import { type OwnSettings, readOwnSettings } from './own-settings.ts';

/** Everything that the plugins do differently because of a flag or a setting. */
export interface Settings {
  readonly transport: TransportSettings;
  readonly enrollment: EnrollmentSettings;
  readonly own: OwnSettings;
  readonly hostIdentifier: string;
  readonly specifiedIdentifier: string;
  /** `tls_disable_status_log`: status lines are taken and thrown away, as in the built-in plugin. */
  readonly disableStatusLog: boolean;
  readonly loggerPlugins: readonly string[];
  readonly configPlugin: string;
  readonly loggerEventType: boolean;
  /** Seconds, 0 for never. */
  readonly configRefreshS: number;
  readonly loggerPeriodMs: number;
  readonly loggerMaxLines: number;
  readonly loggerBackoffMaxMs: number;
  readonly bufferedLogMax: number;
  readonly databasePath: string;
  readonly disableDatabase: boolean;
}

/** As osquery's on Linux. On other systems `options()` always has the paths. */
const defaultDatabasePath = '/var/osquery/osquery.db';
const defaultServerCerts = '/opt/osquery/share/osquery/certs/certs.pem';

/**
 * Reads osqueryd's flags. A flag that is missing (an older osqueryd, a build without it) counts as osquery's default.
 * @param version of core
 * @param warn told of each setting of ours that makes no sense
 */
export function readSettings(
  options: ReadonlyMap<string, OsqueryOption>,
  env: NodeJS.ProcessEnv,
  version: string,
  warn: (text: string) => void = () => {},
): Settings {
  const text = (name: string, byDefault = '') => options.get(name)?.value ?? byDefault;
  const bool = (name: string, byDefault = false) => text(name, String(byDefault)) === 'true';
  const number = (name: string, byDefault: number) => {
    const given = text(name);
    const value = Number(given);
    return given !== '' && Number.isFinite(value) && value >= 0 ? value : byDefault;
  };
  const clientCert = text('tls_client_cert');
  const clientKey = text('tls_client_key');
  return {
    transport: {
      hostname: text('tls_hostname'),
      endpoints: {
        enroll: text('enroll_tls_endpoint'),
        config: text('config_tls_endpoint'),
        log: text('logger_tls_endpoint'),
        distributedRead: text('distributed_tls_read_endpoint'),
        distributedWrite: text('distributed_tls_write_endpoint'),
      },
      serverCerts: text('tls_server_certs', defaultServerCerts),
      clientCert,
      clientKey,
      proxyHostname: text('proxy_hostname'),
      sessionReuse: bool('tls_session_reuse', true),
      sessionTimeoutS: number('tls_session_timeout', 3600),
      acceptGzip: bool('tls_accept_gzip'),
      secretAlways: bool('tls_secret_always'),
      enrollOverride: text('tls_enroll_override', 'enroll_secret'),
      secretPath: text('enroll_secret_path'),
      secretEnv: text('enroll_secret_env'),
      nodeApi: bool('tls_node_api'),
      configAttempts: number('config_tls_max_attempts', 3),
      distributedAttempts: number('distributed_tls_max_attempts', 3),
      compress: bool('logger_tls_compress'),
      maxLineBytes: number('logger_tls_max_linesize', 1_048_576),
      decorationsTopLevel: bool('decorations_top_level'),
      // As the built-in client: only beside --verbose.
      dump: bool('tls_dump') && bool('verbose'),
      osqueryVersion: version,
    },
    enrollment: {
      // Only the config plugin enrolls anew at its start (`pl/config/tls_config.cpp`).
      always: bool('enroll_always') && text('config_plugin') === 'remote',
      disabled: bool('disable_enrollment'),
      disableReenrollment: bool('disable_reenrollment'),
      maxAttempts: number('tls_enroll_max_attempts', 12),
      maxIntervalS: number('tls_enroll_max_interval', 600),
      clientCertificate: clientCert !== '' && clientKey !== '',
    },
    own: readOwnSettings(options, env, warn),
    hostIdentifier: text('host_identifier', 'hostname'),
    specifiedIdentifier: text('specified_identifier'),
    disableStatusLog: bool('tls_disable_status_log'),
    loggerPlugins: text('logger_plugin', 'filesystem')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    configPlugin: text('config_plugin', 'filesystem'),
    loggerEventType: bool('logger_event_type', true),
    configRefreshS: number('config_refresh', 0),
    loggerPeriodMs: number('logger_tls_period', 4) * 1000,
    loggerMaxLines: number('logger_tls_max_lines', 1024),
    loggerBackoffMaxMs: number('logger_tls_backoff_max', 3600) * 1000,
    bufferedLogMax: number('buffered_log_max', 1_000_000),
    databasePath: text('database_path', defaultDatabasePath),
    disableDatabase: bool('disable_database'),
  };
}

/** `readSettings` for a process that reads them again and again: each warning is given once. */
export function settingsReader(
  env: NodeJS.ProcessEnv,
  warn: (text: string) => void,
): (options: ReadonlyMap<string, OsqueryOption>, version: string) => Settings {
  const told = new Set<string>();
  const once = (text: string) => {
    if (told.has(text)) return;
    told.add(text);
    warn(text);
  };
  return (options, version) => readSettings(options, env, version, once);
}

/** Results of ad-hoc queries are waited for by a person: they go out within a second. */
const distributedPeriodMs = 1000;
/** Least period, so that `logger_tls_period=0` is no busy loop. */
const leastPeriodMs = 200;

export function forwardSettings(settings: Settings, stream: StreamName): ForwardSettings {
  const period = stream === 'distributed' ? distributedPeriodMs : settings.loggerPeriodMs;
  const startLines = Math.max(1, settings.loggerMaxLines);
  return {
    ...defaultForwardSettings,
    periodMs: Math.max(leastPeriodMs, period),
    backoffMaxMs: settings.loggerBackoffMaxMs,
    startLines,
    maxLines: Math.max(startLines, defaultForwardSettings.maxLines),
  };
}

export function capsOf({ own, bufferedLogMax }: Settings): Partial<Caps> {
  const { bufferMaxAgeS, distributedMaxAgeS } = own;
  const age = bufferMaxAgeS === 0 ? {} : { result: bufferMaxAgeS * 1000, status: bufferMaxAgeS * 1000 };
  const distributed = distributedMaxAgeS === 0 ? {} : { distributed: distributedMaxAgeS * 1000 };
  return {
    maxLines: bufferedLogMax,
    maxBytes: own.bufferMaxBytes === 0 ? defaultCaps.maxBytes : own.bufferMaxBytes,
    minFreeBytes: own.bufferMinFreeBytes,
    maxAgeMs: { ...age, ...distributed },
  };
}
