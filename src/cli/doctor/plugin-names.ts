import { flag, type Host, isOn, type Registry } from './host.ts';

/** The plugins that osqueryd has by itself (`REGISTER` in osquery's `plugins/`). */
export const builtIn: Readonly<Record<Registry, readonly string[]>> = {
  config: ['filesystem', 'tls', 'update'],
  logger: [
    'filesystem',
    'tls',
    'stdout',
    'syslog',
    'windows_event_log',
    'aws_firehose',
    'aws_kinesis',
    'kafka_producer',
  ],
  distributed: ['tls'],
};

export const registries: readonly Registry[] = ['config', 'logger', 'distributed'];

/** The plugins that osqueryd activates at its start. */
export function activated(host: Pick<Host, 'flags'>, registry: Registry): string[] {
  if (registry === 'logger' && isOn(host, 'disable_logging')) return [];
  if (registry === 'distributed' && isOn(host, 'disable_distributed')) return [];
  return flag(host, `${registry}_plugin`)
    .split(',')
    .map((name) => name.trim());
}
