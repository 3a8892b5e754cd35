import { linkSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Core, type CoreOptions } from './core.ts';
import { runDistributed } from './distributed-loop.ts';
import { type ByteString, toBytes } from './engine/index.ts';
import type { WorkerEnd } from './events.ts';
import { activateExtension, shutdownExtension } from './extension-calls.ts';
import { canActivate } from './local-plugins.ts';
import { managerMethods } from './manager.ts';
import { ManagerServer } from './manager-server.ts';
import { watchExtensions } from './manager-watch.ts';
import { QueryStates } from './query-states.ts';
import { runSchedule } from './schedule-loop.ts';
import { failed, ok, type Row, type Status } from './status.ts';
import { catastrophic, type WorkerProcess } from './supervisor.ts';

/** Period in which core looks whether a plugin that it needs has come, and in which a worker looks for its watcher. */
const activationPollMs = 20;
const watcherPollMs = 3000;

export interface WorkerOptions extends Omit<CoreOptions, 'crash'> {
  readonly pid: number;
  /** Milliseconds that the process takes before it does anything. */
  readonly bootMs: number;
  /** Whether extensions are expected, so that core waits for their plugins. */
  readonly managed: boolean;
  watcherAlive(): boolean;
}

/** osqueryd's worker: opens the manager socket, activates plugins in order, runs the loops, and ends. */
export class Worker implements WorkerProcess {
  readonly pid: number;
  readonly exited: Promise<WorkerEnd>;
  readonly #options: WorkerOptions;
  readonly #interrupted = new AbortController();
  readonly #loops: Promise<void>[] = [];
  #settle: (end: WorkerEnd) => void = () => {};
  #core: Core | undefined;
  #server: ManagerServer | undefined;
  #ending = false;
  #published: Promise<void> = Promise.resolve();
  #killed = false;

  constructor(options: WorkerOptions) {
    this.pid = options.pid;
    this.#options = options;
    this.exited = new Promise((resolve) => {
      this.#settle = resolve;
    });
    void this.#start().catch((error) => {
      const text = error instanceof Error ? error.message : String(error);
      this.#options.emit({ kind: 'log', text: `${text}\n` });
      void this.#end(1);
    });
  }

  terminate(): void {
    void this.#end(0);
  }

  kill(signal: 'SIGKILL' | 'SIGSEGV' = 'SIGKILL'): void {
    if (this.#killed) return;
    this.#killed = true;
    this.#interrupted.abort();
    if (this.#core !== undefined && this.#server !== undefined) {
      closeLikeTheDead(this.#server, this.#core.managerPath);
    }
    this.#core?.close();
    this.#settle({ signal });
  }

  /** See `StandInOsqueryd.publishEvent`. */
  publishEvent(values: Row): void {
    this.#published = this.#published.then(() => this.#core?.publishEvent(values));
  }

  async #start(): Promise<void> {
    const { clock, bootMs } = this.#options;
    if (bootMs > 0) await clock.sleep(bootMs, this.#interrupted.signal).catch(() => {});
    this.#options.emit({ kind: 'worker_spawned', pid: this.pid });
    const core = await Core.open({ ...this.#options, crash: () => this.kill('SIGSEGV') });
    if (this.#interrupted.signal.aborted) return;
    this.#core = core;
    const { flags } = core;
    this.#verbose('init.cpp', 410, `osquery worker initialized [watcher=${process.pid}]`);
    this.#loop('WatcherWatcherRunner', (signal) => this.#watchWatcher(signal));
    this.#openDatabase(core);
    if (!flags.bool('disable_extensions')) await this.#openManager(core);
    const started = (await this.#activatePlugins(core)) && !this.#interrupted.signal.aborted;
    if (!started) return;
    if (!flags.bool('enable_file_events')) {
      const message = 'Event publisher not enabled: inotify: Publisher disabled via configuration';
      core.statusLog.sink({ severity: 0, file: 'eventfactory.cpp', line: 156, message });
    }
    if (!flags.bool('disable_distributed')) {
      const call = (request: ReadonlyMap<ByteString, ByteString>) =>
        core.call({ registry: 'distributed', item: '', request });
      const { clock, distributed: runner } = core;
      this.#loop('DistributedRunner', (signal) => runDistributed({ clock, flags, runner, call }, signal));
    }
    this.#loop('SchedulerRunner', (signal) =>
      runSchedule(
        {
          clock: core.clock,
          flags,
          config: core.config,
          loggers: core.loggers,
          log: core.statusLog.sink,
          states: new QueryStates(this.#options.database),
          events: core.events,
          query: (sql) => core.tables.query(sql),
          hostIdentifier: () => core.identifier.value(),
          fatal: (message) => this.#fatal(message),
        },
        signal,
      ),
    );
  }

  #openDatabase(core: Core): void {
    const { database } = this.#options;
    this.#verbose('rocksdb.cpp', 90, `Opening RocksDB handle: ${toBytes(core.flags.text('database_path'))}`);
    if (database.get('configurations', 'results_version') !== undefined) return;
    const message = "Failed to obtain database version. Assume version '0' and migrate.";
    core.statusLog.sink({ severity: 0, file: 'database.cpp', line: 655, message });
    database.put('configurations', 'results_version', '2');
  }

  async #openManager(core: Core): Promise<void> {
    removeExtensionSockets(core.managerPath);
    const server = new ManagerServer(managerMethods(core));
    this.#server = server;
    this.#loop('ExtensionWatcher', (signal) =>
      watchExtensions(
        {
          registry: core.registry,
          clock: core.clock,
          settings: () => core.settings(),
          log: core.statusLog.sink,
          emit: this.#options.emit,
          socketPath: (uuid) => core.socketPath(uuid),
          seconds: () => ({
            interval: core.flags.number('extensions_interval'),
            timeout: core.flags.number('extensions_timeout'),
          }),
        },
        signal,
      ),
    );
    await server.listen(core.managerPath);
    this.#announce('ExtensionRunnerCore');
    this.#verbose('interface.cpp', 299, `Extension manager service starting: ${toBytes(core.managerPath)}`);
    this.#options.emit({ kind: 'worker_started', pid: this.pid });
  }

  /** Config, loggers and distributed, in this order; false when one of them cannot be had. */
  async #activatePlugins(core: Core): Promise<boolean> {
    const { flags, loader, loggers } = core;
    if (!(await this.#activate(core, 'config', flags.text('config_plugin')))) return false;
    if (flags.number('config_refresh') > 0) this.#loop('ConfigRefreshRunner', (signal) => loader.run(signal));
    this.#verbose('auto_constructed_tables.cpp', 107, 'Removing stale ATC entries');
    const loaded = await loader.load();
    if (loaded.code !== 0) {
      const message = `Error reading config: ${loaded.message}`;
      core.statusLog.sink({ severity: 1, file: 'init.cpp', line: 760, message });
    }
    if (!flags.bool('disable_logging')) {
      const names = flags.text('logger_plugin');
      if (!(await this.#activate(core, 'logger', names))) return false;
      await loggers.start(split(names), (name) => core.localLoggers.get(name)?.takesStatus === true);
    }
    if (flags.bool('disable_distributed')) return true;
    return this.#activate(core, 'distributed', flags.text('distributed_plugin'));
  }

  async #activate(core: Core, registry: string, names: string): Promise<boolean> {
    const signal = this.#interrupted.signal;
    const limitMs = this.#options.managed ? Math.max(200, core.flags.number('extensions_timeout') * 1000) : 0;
    core.plugins.setActive(registry, toBytes(names));
    for (let waitedMs = 0; ; waitedMs += activationPollMs) {
      const status = await tryActivate(core, registry, split(names));
      if (status.code === 0) return true;
      if (this.#killed) return false;
      // A stop in the meantime does not keep core from giving the reason.
      if (waitedMs >= limitMs || signal.aborted) {
        this.#fatal(`Cannot activate ${toBytes(names)} ${registry} plugin: ${status.message}`);
        return false;
      }
      await core.clock.sleep(activationPollMs, signal).catch(() => {});
    }
  }

  #fatal(message: ByteString): void {
    this.#core?.statusLog.sink({ severity: 2, file: 'shutdown.cpp', line: 80, message });
    void this.#end(catastrophic);
  }

  /** Asks the extensions to end, takes the sockets away, and waits for the loops, all together for `--alarm_timeout`. */
  async #end(code: number): Promise<void> {
    if (this.#ending || this.#killed) return;
    this.#ending = true;
    this.#interrupted.abort();
    const core = this.#core;
    if (core !== undefined) {
      const abort = new AbortController();
      const alarmMs = Math.max(10, core.flags.number('alarm_timeout')) * 1000;
      const done = Promise.all([this.#endExtensions(core), ...this.#loops]).then(() => core.closeEngine());
      await Promise.race([done, core.clock.sleep(alarmMs, abort.signal).catch(() => {})]);
      abort.abort();
      core.close();
    }
    this.#server?.close();
    if (!this.#killed) this.#settle({ code });
  }

  async #endExtensions(core: Core): Promise<void> {
    const { emit } = this.#options;
    const uuids = core.flags.bool('disable_watchdog') ? [] : core.registry.routedUuids();
    const calls: Promise<void>[] = [];
    const connected = uuids.map(
      (uuid) =>
        new Promise<void>((resolve) => {
          const call = shutdownExtension(core.socketPath(uuid), core.settings(), resolve);
          calls.push(call.then((status) => emit({ kind: 'shutdown', uuid, status })));
        }),
    );
    await Promise.all(connected);
    removeExtensionSockets(core.managerPath);
    this.#server?.close();
    await Promise.all(calls);
  }

  async #watchWatcher(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(watcherPollMs, signal).catch(() => {});
      if (!this.#options.watcherAlive()) void this.#end(0);
    }
  }

  #loop(name: string, run: (signal: AbortSignal) => Promise<void>): void {
    if (name !== 'ConfigRefreshRunner') this.#announce(name);
    this.#loops.push(run(this.#interrupted.signal));
  }

  #announce(name: string): void {
    const message = `Adding new service: ${name} (0x1) to thread: 1 (0x1) in process ${this.pid}`;
    this.#verbose('dispatcher.cpp', 78, message);
  }

  #verbose(file: string, line: number, message: ByteString): void {
    this.#core?.statusLog.sink({ severity: 0, file, line, message, verbose: true });
  }
}

async function tryActivate(core: Core, registry: string, names: readonly string[]): Promise<Status> {
  for (const name of names) {
    if (core.registry.owner(registry, toBytes(name)) === undefined) {
      return failed(`Unknown registry plugin: ${toBytes(name)}`);
    }
  }
  for (const name of names) {
    const uuid = core.registry.owner(registry, toBytes(name)) ?? 0;
    const status =
      uuid !== 0
        ? await activateExtension(core.socketPath(uuid), core.settings())
        : canActivate(registry, name)
          ? ok
          : failed(`the stand-in has no ${registry} plugin ${toBytes(name)}`);
    if (status.code !== 0) return status;
  }
  return ok;
}

function split(names: string): string[] {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A manager deletes everything that begins with its own path and a dot, when it starts and when it stops. */
function removeExtensionSockets(managerPath: string): void {
  const directory = dirname(managerPath);
  const prefix = `${basename(managerPath)}.`;
  for (const name of readdirSync(directory)) {
    if (name.startsWith(prefix)) rmSync(join(directory, name), { force: true });
  }
}

/** A process that is killed leaves its socket file behind; closing a server in Node removes it. */
function closeLikeTheDead(server: ManagerServer, path: string): void {
  const aside = `${path}-left`;
  try {
    linkSync(path, aside);
    server.close();
    renameSync(aside, path);
  } catch {
    server.close();
  }
}
