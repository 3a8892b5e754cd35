/** Registries of osqueryd on Linux and the plugins that it brings along; tables come from the engine. */
export const builtInPlugins: ReadonlyMap<string, readonly string[]> = new Map([
  ['config', ['filesystem', 'tls', 'update']],
  [
    'config_parser',
    ['auto_table_construction', 'decorators', 'events', 'file_paths', 'logger', 'options', 'views'],
  ],
  ['database', ['ephemeral', 'rocksdb']],
  ['distributed', ['tls']],
  ['enroll', ['tls']],
  ['event_publisher', ['inotify']],
  ['event_subscriber', ['file_events']],
  ['logger', ['aws_firehose', 'aws_kinesis', 'filesystem', 'kafka_producer', 'stdout', 'syslog', 'tls']],
  ['numeric_monitoring', ['filesystem']],
  ['osquery_events_stream', []],
  ['sql', ['sql']],
  ['table', []],
]);
