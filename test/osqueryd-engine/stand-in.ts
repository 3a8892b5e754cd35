import { VirtualClock } from '../../src/testing/index.ts';
import {
  type ByteString,
  Config,
  type EngineProvider,
  type Generate,
  hostTables,
  memorySplays,
  type ScheduledQuery,
  SqlEngine,
  type StatusEvent,
  splayedInterval,
} from '../../src/testing/osqueryd/engine/index.ts';

/** The engine put together without sockets: SQL with the tables of core, and the configuration. */
export interface StandIn {
  readonly clock: VirtualClock;
  readonly sql: SqlEngine;
  readonly config: Config;
  readonly status: StatusEvent[];
  readonly options: Map<ByteString, ByteString>;
  schedule: readonly ScheduledQuery[];
}

/** What a test decides. */
export interface StandInOptions {
  readonly genPack?: (name: ByteString, value: ByteString) => ByteString | undefined;
  readonly generate?: Generate;
  readonly loggers?: () => readonly ByteString[];
  readonly version?: string;
  /** Names of flags that exist. */
  readonly flags?: readonly string[];
  readonly state?: Partial<EngineProvider>;
}

export async function openStandIn(unixTime: number, options: StandInOptions = {}): Promise<StandIn> {
  const clock = new VirtualClock(unixTime * 1000);
  const status: StatusEvent[] = [];
  const set = new Map<ByteString, ByteString>();
  const splays = memorySplays();
  const version = options.version ?? '5.23.0-38-ga5b14f63d';
  const sql = await SqlEngine.open({
    status: (event) => status.push(event),
    ...(options.generate === undefined ? {} : { generate: options.generate }),
  });
  const config = new Config({
    status: (event) => status.push(event),
    genPack: async (name, value) => options.genPack?.(name, value),
    setOption: (name, value) => {
      if (!name.startsWith('custom_') && !(options.flags ?? []).includes(name)) return 'unknown';
      set.set(name, value);
      return 'set';
    },
    query: (text) => sql.queryWithColumns(text),
    packContext: () => ({
      defaultInterval: 3600,
      platform: 'linux',
      version,
      splay: (name, interval) => splayedInterval(name, interval, 10, splays, () => 0),
    }),
    packDelimiter: () => set.get('pack_delimiter') ?? '_',
    decoratorsDisabled: () => false,
    activeLoggers: options.loggers ?? (() => []),
    now: () => Math.floor(clock.now() / 1000),
    packRefreshInterval: () => 3600,
  });
  const standIn: StandIn = { clock, sql, config, status, options: set, schedule: [] };
  const provider: EngineProvider = {
    clock,
    hostUuid: () => 'uuid',
    info: () => ({
      pid: 2,
      watcherPid: 1,
      uuid: 'uuid',
      instanceId: 'instance',
      version,
      configHash: config.hash(),
      configValid: true,
      extensionsActive: true,
      startTime: unixTime,
    }),
    extensions: () => [],
    flags: () => [],
    schedule: () => standIn.schedule,
    packs: () => config.packs(),
    registry: () => [],
    ...options.state,
  };
  for (const [name, table] of hostTables(provider)) {
    const error = sql.attachTable(name, table.route, () => ({ rows: table.rows() }));
    if (error !== undefined) throw new Error(`table ${name}: ${error}`);
  }
  return standIn;
}
