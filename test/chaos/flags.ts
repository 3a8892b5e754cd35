import { join } from 'node:path';
import { maxLineBytes } from './lines.ts';

/** osqueryd's flags in a run that are not at their defaults. */
export function flagsFor(given: {
  readonly directory: string;
  readonly secretFile: string;
  readonly port: number;
  readonly loggers: string;
}): Readonly<Record<string, string>> {
  const { directory, secretFile, port, loggers } = given;
  return {
    tls_hostname: `127.0.0.1:${port}`,
    config_plugin: 'remote',
    logger_plugin: loggers,
    distributed_plugin: 'remote',
    disable_distributed: 'false',
    distributed_interval: '1',
    host_identifier: 'specified',
    specified_identifier: 'chaos-host',
    database_path: join(directory, 'osquery.db'),
    extensions_socket: join(directory, 'osq.em'),
    extensions_interval: '1',
    tls_server_certs: join(directory, 'ca.pem'),
    enroll_secret_path: secretFile,
    enroll_tls_endpoint: '/enroll',
    tls_enroll_max_interval: '1',
    config_tls_endpoint: '/config',
    config_refresh: '1',
    logger_tls_endpoint: '/log',
    logger_tls_period: '1',
    logger_tls_backoff_max: '2',
    logger_tls_max_linesize: String(maxLineBytes),
    distributed_tls_read_endpoint: '/distributed_read',
    distributed_tls_write_endpoint: '/distributed_write',
  };
}
