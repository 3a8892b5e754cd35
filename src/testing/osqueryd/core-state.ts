import type { Clock } from '../../clock/index.ts';
import type { ConfigLoader } from './config-loop.ts';
import { type ByteString, type Config, type EngineProvider, toBytes } from './engine/index.ts';
import type { Flags } from './flags.ts';
import type { HostIdentifier } from './host-identifier.ts';
import type { PluginCalls } from './plugin-calls.ts';
import type { Registry, RegistryEntry } from './registry.ts';

/** The parts of core that its `osquery_*` tables tell about. */
export interface StateParts {
  readonly clock: Clock;
  readonly flags: Flags;
  readonly config: Config;
  readonly loader: ConfigLoader;
  readonly registry: Registry;
  readonly plugins: PluginCalls;
  readonly identifier: HostIdentifier;
  readonly pid: number;
  readonly version: string;
  /** Seconds since the epoch. */
  readonly startTime: number;
  socketPath(uuid: number): string;
  readonly managerPath: string;
}

/** What core's tables about itself show. */
export function coreState(core: StateParts): EngineProvider {
  const { flags, registry } = core;
  return {
    clock: core.clock,
    hostUuid: () => core.identifier.hostUuid(),
    info: () => ({
      pid: core.pid,
      watcherPid: flags.bool('disable_watchdog') ? -1 : process.pid,
      uuid: core.identifier.hostUuid(),
      instanceId: core.identifier.instanceUuid(),
      version: core.version,
      configHash: core.config.hash(),
      configValid: core.loader.valid,
      extensionsActive: !flags.bool('disable_extensions'),
      startTime: core.startTime,
    }),
    extensions: () => [
      {
        uuid: 0,
        name: 'core',
        version: core.version,
        sdkVersion: '0.0.0',
        path: toBytes(core.managerPath),
        type: 'core' as const,
      },
      ...[...registry.extensions()].map(([uuid, info]) => ({
        uuid,
        name: info.name,
        version: info.version,
        sdkVersion: info.minSdkVersion,
        path: toBytes(core.socketPath(uuid)),
        type: 'extension' as const,
      })),
    ],
    flags: () =>
      [...flags.options()].map(([name, { type, value, defaultValue }]) => ({
        name,
        type,
        description: '',
        defaultValue: toBytes(defaultValue),
        value: toBytes(value),
        shellOnly: false,
      })),
    schedule: () => scheduled(core.config, toBytes(flags.text('pack_delimiter'))),
    packs: () => core.config.packs(),
    registry: () =>
      registry.entries().map((entry) => ({ ...entry, internal: false, active: isActive(core, entry) })),
  };
}

/** Where nobody chose, every plugin counts as active. */
function isActive({ plugins }: StateParts, { registry, name }: RegistryEntry): boolean {
  const active = plugins.active(registry);
  return active === '' || active.split(',').includes(name);
}

/** Packs without discovery queries are active as soon as they are loaded. */
function scheduled(config: Config, delimiter: ByteString) {
  return config
    .packs()
    .filter(({ active, discovery }) => active || discovery.length === 0)
    .flatMap(({ name: pack, queries }) =>
      queries.map(({ name, query, interval }) => ({
        name: pack === 'main' ? name : `pack${delimiter}${pack}${delimiter}${name}`,
        query,
        interval,
      })),
    );
}
