import { describe, expect, test } from 'vitest';
import { Flags } from '../../testing/index.ts';
import { defaultForwardSettings } from '../outbox/index.ts';
import { capsOf, forwardSettings, readSettings } from './settings.ts';
import { read } from './test-support/read.ts';

describe('flags of osqueryd', () => {
  test('one that is missing counts as its default', () => {
    expect(read({}).settings).toEqual({
      transport: {
        hostname: '',
        endpoints: { enroll: '', config: '', log: '', distributedRead: '', distributedWrite: '' },
        serverCerts: '/opt/osquery/share/osquery/certs/certs.pem',
        clientCert: '',
        clientKey: '',
        proxyHostname: '',
        sessionReuse: true,
        sessionTimeoutS: 3600,
        acceptGzip: false,
        secretAlways: false,
        enrollOverride: 'enroll_secret',
        secretPath: '',
        secretEnv: '',
        nodeApi: false,
        configAttempts: 3,
        distributedAttempts: 3,
        compress: false,
        maxLineBytes: 1_048_576,
        decorationsTopLevel: false,
        dump: false,
        osqueryVersion: '5.23.0',
      },
      enrollment: {
        always: false,
        disabled: false,
        disableReenrollment: false,
        maxAttempts: 12,
        maxIntervalS: 600,
        clientCertificate: false,
      },
      own: {
        sync: 'interval',
        bufferMaxBytes: 536_870_912,
        bufferMaxAgeS: 0,
        bufferMinFreeBytes: undefined,
        batchResults: false,
        distributedMaxAgeS: 86_400,
      },
      hostIdentifier: 'hostname',
      specifiedIdentifier: '',
      disableStatusLog: false,
      loggerPlugins: ['filesystem'],
      configPlugin: 'filesystem',
      loggerEventType: true,
      configRefreshS: 0,
      loggerPeriodMs: 4000,
      loggerMaxLines: 1024,
      loggerBackoffMaxMs: 3_600_000,
      bufferedLogMax: 1_000_000,
      databasePath: '/var/osquery/osquery.db',
      disableDatabase: false,
    });
  });

  test('the recorded table of an osqueryd without flags says the same as no table at all', () => {
    const { settings } = read({});
    expect(readSettings(new Flags([]).options(), {}, '5.23.0')).toEqual(settings);
  });

  test('each is read under its own name', () => {
    const values = {
      tls_hostname: 'osquery.example:8443',
      enroll_tls_endpoint: '/e',
      config_tls_endpoint: '/c',
      logger_tls_endpoint: '/l',
      distributed_tls_read_endpoint: '/r',
      distributed_tls_write_endpoint: '/w',
      tls_server_certs: '/ca.pem',
      tls_client_cert: '/cert.pem',
      tls_client_key: '/key.pem',
      proxy_hostname: 'proxy:3128',
      tls_session_reuse: 'false',
      tls_session_timeout: '60',
      tls_accept_gzip: 'true',
      tls_secret_always: 'true',
      tls_enroll_override: 'enroll_key',
      enroll_secret_path: '/secret',
      enroll_secret_env: 'SECRET',
      tls_node_api: 'true',
      config_tls_max_attempts: '5',
      distributed_tls_max_attempts: '6',
      logger_tls_compress: 'true',
      logger_tls_max_linesize: '100',
      decorations_top_level: 'true',
      tls_dump: 'true',
      verbose: 'true',
      enroll_always: 'true',
      disable_enrollment: 'true',
      disable_reenrollment: 'true',
      tls_enroll_max_attempts: '0',
      tls_enroll_max_interval: '30',
      host_identifier: 'specified',
      specified_identifier: 'me',
      tls_disable_status_log: 'true',
      logger_plugin: 'remote, filesystem,',
      config_plugin: 'remote',
      logger_event_type: 'false',
      config_refresh: '300',
      logger_tls_period: '10',
      logger_tls_max_lines: '2048',
      logger_tls_backoff_max: '0',
      buffered_log_max: '0',
      database_path: '/db',
      disable_database: 'true',
    };
    expect(read(values).settings).toMatchObject({
      transport: {
        hostname: 'osquery.example:8443',
        endpoints: { enroll: '/e', config: '/c', log: '/l', distributedRead: '/r', distributedWrite: '/w' },
        serverCerts: '/ca.pem',
        clientCert: '/cert.pem',
        clientKey: '/key.pem',
        proxyHostname: 'proxy:3128',
        sessionReuse: false,
        sessionTimeoutS: 60,
        acceptGzip: true,
        secretAlways: true,
        enrollOverride: 'enroll_key',
        secretPath: '/secret',
        secretEnv: 'SECRET',
        nodeApi: true,
        configAttempts: 5,
        distributedAttempts: 6,
        compress: true,
        maxLineBytes: 100,
        decorationsTopLevel: true,
        dump: true,
      },
      enrollment: {
        always: true,
        disabled: true,
        disableReenrollment: true,
        maxAttempts: 0,
        maxIntervalS: 30,
        clientCertificate: true,
      },
      hostIdentifier: 'specified',
      specifiedIdentifier: 'me',
      disableStatusLog: true,
      loggerPlugins: ['remote', 'filesystem'],
      configPlugin: 'remote',
      loggerEventType: false,
      configRefreshS: 300,
      loggerPeriodMs: 10_000,
      loggerMaxLines: 2048,
      loggerBackoffMaxMs: 0,
      bufferedLogMax: 0,
      databasePath: '/db',
      disableDatabase: true,
    });
  });

  test.each(['', 'many', '-1', 'NaN'])('a number that is "%s" counts as the default', (value) => {
    const { settings } = read({ logger_tls_period: value, buffered_log_max: value });
    expect(settings.loggerPeriodMs).toBe(4000);
    expect(settings.bufferedLogMax).toBe(1_000_000);
  });

  test('bodies are dumped only with --verbose', () => {
    expect(read({ tls_dump: 'true' }).settings.transport.dump).toBe(false);
    expect(read({ verbose: 'true' }).settings.transport.dump).toBe(false);
  });

  test('enroll_always is a matter of the config plugin', () => {
    expect(read({ enroll_always: 'true', config_plugin: 'filesystem' }).settings.enrollment.always).toBe(
      false,
    );
  });

  test.each([{ tls_client_cert: '/cert.pem' }, { tls_client_key: '/key.pem' }])(
    'half a client certificate is none: %o',
    (values) => {
      expect(read(values).settings.enrollment.clientCertificate).toBe(false);
    },
  );
});

describe('what the outbox is told', () => {
  test('the period and the lines of a batch are those of the flags', () => {
    const { settings } = read({
      logger_tls_period: '10',
      logger_tls_max_lines: '50',
      logger_tls_backoff_max: '60',
    });
    expect(forwardSettings(settings, 'result')).toEqual({
      ...defaultForwardSettings,
      periodMs: 10_000,
      startLines: 50,
      backoffMaxMs: 60_000,
    });
    expect(forwardSettings(settings, 'status').periodMs).toBe(10_000);
    expect(forwardSettings(settings, 'distributed').periodMs).toBe(1000);
  });

  test('a period of 0 is no busy loop, and a batch has at least a line', () => {
    const { settings } = read({ logger_tls_period: '0', logger_tls_max_lines: '0' });
    expect(forwardSettings(settings, 'result')).toMatchObject({ periodMs: 200, startLines: 1 });
  });

  test('a first batch may be larger than batches grow by themselves', () => {
    const { settings } = read({ logger_tls_max_lines: '50000' });
    expect(forwardSettings(settings, 'result')).toMatchObject({ startLines: 50_000, maxLines: 50_000 });
  });

  test('caps: 0 lines is no limit, 0 seconds is for ever, 0 bytes is the default', () => {
    expect(capsOf(read({}).settings)).toEqual({
      maxLines: 1_000_000,
      maxBytes: 536_870_912,
      minFreeBytes: undefined,
      maxAgeMs: { distributed: 86_400_000 },
    });
    const none = read({
      buffered_log_max: '0',
      custom_remote_buffer_max_bytes: '0',
      custom_remote_distributed_max_age: '0',
    });
    expect(capsOf(none.settings)).toEqual({
      maxLines: 0,
      maxBytes: 536_870_912,
      minFreeBytes: undefined,
      maxAgeMs: {},
    });
    expect(capsOf(read({ custom_remote_buffer_max_age: '60' }).settings).maxAgeMs).toEqual({
      result: 60_000,
      status: 60_000,
      distributed: 86_400_000,
    });
  });
});
