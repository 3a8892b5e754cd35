import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExtensionManager, type Plugin } from '../../../src/extension/index.ts';
import { RemotePlugins, Service } from '../../../src/plugins/index.ts';
import { journalOf } from '../../../src/plugins/store/index.ts';
import { inProcess, type SpawnTransport } from '../../../src/plugins/transport/index.ts';
import {
  createServer,
  type Endpoint,
  type Fault,
  type LogStream,
  type ReferenceServer,
  type ServerOptions,
} from '../../../src/server/index.ts';
import { FakeCore } from './fake-core.ts';
import { IdleClock } from './idle-clock.ts';
import { LogRequests } from './log-requests.ts';

export const secret = 'a-made-up-secret';
export const firstConfig = { schedule: { q: { query: 'SELECT 1', interval: 60 } } };

export interface WorldOptions {
  /** More flags of osqueryd, which win. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly server?: Partial<ServerOptions>;
  readonly spawn?: SpawnTransport;
  /** From 0 to 1, for jitter. Default always 0: the longest back-off. */
  readonly random?: () => number;
}

/** A host and its server: osqueryd's manager, a store on disk, a server with real TLS, and one virtual clock for all. */
export class World implements AsyncDisposable {
  readonly dir: string;
  readonly clock: IdleClock;
  readonly core: FakeCore;
  readonly server: ReferenceServer;
  readonly logRequests: LogRequests;
  /** Every request to these endpoints is answered so, or cut. */
  faults: Partial<Record<Endpoint, Fault>> = {};
  readonly #options: WorldOptions;
  #running: Running[] = [];

  private constructor(
    dir: string,
    clock: IdleClock,
    core: FakeCore,
    server: ReferenceServer,
    logRequests: LogRequests,
    options: WorldOptions,
  ) {
    this.dir = dir;
    this.clock = clock;
    this.core = core;
    this.server = server;
    this.logRequests = logRequests;
    this.#options = options;
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const dir = mkdtempSync(join(tmpdir(), 'plugins-'));
    const clock = new IdleClock();
    writeFileSync(join(dir, 'secret'), `${secret}\n`);
    const logRequests = new LogRequests(clock);
    const faults = { of: (_: Endpoint): Fault | undefined => undefined };
    const server = await createServer({
      secrets: [secret],
      config: { value: firstConfig },
      clock,
      ...options.server,
      intercept: async (endpoint, request) => {
        if (endpoint === 'log') await logRequests.came(request);
        return (await options.server?.intercept?.(endpoint, request)) ?? faults.of(endpoint);
      },
    });
    await server.listen();
    const core = new FakeCore(join(dir, 'osq.em'), [...flagsFor(dir, server), ...(options.flags ?? [])]);
    await core.start();
    const world = new World(dir, clock, core, server, logRequests, options);
    faults.of = (endpoint) => world.faults[endpoint];
    return world;
  }

  get storePath(): string {
    return join(this.dir, 'osquery.db.remote');
  }

  /** Bytes of the files in which lines wait. */
  journalBytes(): number {
    const dir = journalOf(this.storePath);
    return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  }

  /** From now on every connection is cut, or no longer. */
  set away(away: boolean) {
    const cut = { enroll: 'reset', config: 'reset', log: 'reset' } as const;
    this.faults = away ? { ...cut, distributed_read: 'reset', distributed_write: 'reset' } : {};
  }

  /** The plugins as they are before their service is open. */
  register(env: NodeJS.ProcessEnv = {}): Running {
    const running = new Running(this, { ...this.#options, env: { ...this.#options.env, ...env } });
    this.#running.push(running);
    return running;
  }

  /** The plugins with their service: what a process is. */
  async open(env: NodeJS.ProcessEnv = {}): Promise<Running> {
    const running = this.register(env);
    await running.open();
    return running;
  }

  /** What the server has kept of a stream: one JSON text for each line. */
  written(stream: LogStream = 'result'): string[] {
    try {
      return readFileSync(this.server.logFile(stream), 'latin1').split('\n').slice(0, -1);
    } catch {
      return [];
    }
  }

  /** Lets time pass until the server has so many lines of a stream. */
  async arrived(count: number, stream: LogStream = 'result'): Promise<string[]> {
    const come = new Promise<void>((resolve) => {
      const look = () => {
        if (this.written(stream).length < count) return;
        stop();
        resolve();
      };
      const stop = this.server.events.subscribe(look);
      look();
    });
    await this.clock.until(come);
    return this.written(stream);
  }

  /** How often the server was asked for a key, and gave one. */
  enrollments(): number {
    return this.server.events.seen.filter(({ kind }) => kind === 'enrolled').length;
  }

  /** Moments, in milliseconds since the start, at which an endpoint was asked and a fault was the answer. */
  faultyRequests(endpoint: Endpoint): number[] {
    return this.server.events.seen.flatMap((event) =>
      event.kind === 'fault_injected' && event.endpoint === endpoint ? [event.at - Date.UTC(2026, 0, 1)] : [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) await running.close();
    this.core.stop();
    await this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The plugins of one process. */
export class Running {
  readonly remote: RemotePlugins;
  readonly manager: ExtensionManager;
  /** What it says, as `level text`. */
  readonly log: string[] = [];
  readonly #world: World;
  readonly #options: WorldOptions;
  readonly #ending = new AbortController();
  #service: Service | undefined;

  constructor(world: World, options: WorldOptions) {
    this.#world = world;
    this.#options = options;
    this.remote = new RemotePlugins(world.clock);
    this.manager = new ExtensionManager(world.core.socket, { clock: world.clock });
  }

  get service(): Service {
    if (this.#service === undefined) throw new Error('the service is not open');
    return this.#service;
  }

  /** @param spawn where the transport runs, else as the world has it */
  async open(spawn = this.#options.spawn ?? inProcess()): Promise<void> {
    const { clock } = this.#world;
    this.#service = await Service.open({
      manager: this.manager,
      intake: this.remote.intake,
      clock,
      env: this.#options.env ?? {},
      log: (level, text) => this.log.push(`${level} ${text}`),
      signal: this.#ending.signal,
      spawn: clock.watch(spawn),
      random: this.#options.random ?? (() => 0),
    });
    this.remote.attach(this.#service);
  }

  async close(): Promise<void> {
    this.#ending.abort(new Error('the process ends'));
    await this.#service?.close();
    this.#service = undefined;
  }

  /** What it said that is more than information. */
  complaints(): string[] {
    return this.log.filter((line) => !line.startsWith('info '));
  }

  /** What `SELECT * FROM` a table of ours gives. */
  async table(name: string): Promise<Record<string, string>[]> {
    const plugin = this.service.tables().find((one) => one.name === name);
    const reply = await plugin?.call(new Map([['action', Buffer.from('generate')]]));
    if (reply?.code !== 0) throw new Error(`status ${reply?.code}: ${reply?.message}`);
    return reply.rows.map((row) => Object.fromEntries([...row].map(([key, value]) => [key, `${value}`])));
  }

  /** Asks for the configuration; time passes meanwhile. */
  async genConfig(): Promise<string> {
    const row = await this.#world.clock.until(this.call('config', { action: 'genConfig' }));
    return row.get('remote')?.toString() ?? '';
  }

  line(text: string | Uint8Array): Promise<unknown> {
    return this.call('logger', { string: text });
  }

  statusLines(...messages: string[]): Promise<unknown> {
    const lines = messages.map((m) => ({ s: 0, f: 'x.cpp', i: 1, m, h: 'host', c: 'never', u: 1 }));
    return this.call('logger', { status: 'true', log: JSON.stringify(lines) });
  }

  /** The queries as osqueryd gets them; time passes meanwhile. */
  async getQueries(): Promise<{ queries?: Record<string, string> }> {
    const row = await this.#world.clock.until(this.call('distributed', { action: 'getQueries' }));
    return JSON.parse(row.get('results')?.toString() ?? '');
  }

  writeResults(results: unknown): Promise<unknown> {
    const text = Buffer.isBuffer(results) ? results : JSON.stringify(results);
    return this.call('distributed', { action: 'writeResults', results: text });
  }

  /** Calls a plugin as osqueryd does. Its failures are thrown, as those of the extension's server are. */
  async call(
    registry: string,
    request: Record<string, string | Uint8Array>,
  ): Promise<ReadonlyMap<string, Buffer>> {
    const { core } = this.#world;
    const plugin = this.remote.plugins.find((one: Plugin) => one.registry === registry);
    core.waiting++;
    try {
      const entries = Object.entries(request).map(([key, value]) => [key, Buffer.from(value)] as const);
      const reply = await plugin?.call(new Map(entries));
      if (reply?.code !== 0) throw new Error(`status ${reply?.code}: ${reply?.message}`);
      return new Map(Array.from(reply.rows[0] ?? [], ([key, value]) => [key, Buffer.from(value)]));
    } finally {
      core.waiting--;
    }
  }
}

/** What somebody who changes from the built-in plugins has on osqueryd's command line. */
export function flagsFor(dir: string, server: Pick<ReferenceServer, 'caFile' | 'hostname'>): string[] {
  return [
    '--config_plugin=remote',
    '--logger_plugin=remote',
    '--distributed_plugin=remote',
    '--disable_distributed=false',
    `--database_path=${dir}/osquery.db`,
    `--tls_hostname=${server.hostname}`,
    `--tls_server_certs=${server.caFile}`,
    `--enroll_secret_path=${dir}/secret`,
    '--enroll_tls_endpoint=/enroll',
    '--config_tls_endpoint=/config',
    '--logger_tls_endpoint=/log',
    '--distributed_tls_read_endpoint=/distributed_read',
    '--distributed_tls_write_endpoint=/distributed_write',
    '--host_identifier=specified',
    '--specified_identifier=the-host',
  ];
}
