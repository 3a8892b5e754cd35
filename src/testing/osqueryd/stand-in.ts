import { type Clock, systemClock } from '../../clock/index.ts';
import { extensionPaths } from './autoload.ts';
import { Database } from './database.ts';
import { toBytes } from './engine/index.ts';
import type { EventSink, StandInEvent } from './events.ts';
import { type SpawnExtension, spawnExtension } from './extension-process.ts';
import { flagTable } from './flag-table.ts';
import { Flags } from './flags.ts';
import { StatusLog } from './status-log.ts';
import { Supervisor } from './supervisor.ts';
import { osqueryVersion } from './version.ts';
import { Worker } from './worker.ts';

export interface StandInOptions {
  /** The command line of osqueryd, in gflags' forms. */
  readonly argv: readonly string[];
  /** Default: the real time. */
  readonly clock?: Clock;
  /** Environment of the stand-in and its extensions, default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Runs extensions, default as child processes that share this one's output. */
  readonly spawn?: SpawnExtension;
  /** Numbers from 0 to below 1, for splay. Default `Math.random`. */
  readonly random?: () => number;
  /** Ids for extensions, 1 to 65535. Default: random ones. */
  readonly issueUuid?: () => number;
  /** Milliseconds that the next worker takes from its start to its first action; asked for each, default 0. */
  readonly bootMs?: () => number;
  /** Whether to be a build with assertions, which has the flag `tls_allow_unsafe`. Default true, as recorded. */
  readonly assertions?: boolean;
  /** What it says its version is, default that of the recorded osqueryd. */
  readonly version?: string;
  /** Where the `stdout` logger writes, default the standard output. */
  readonly print?: (line: string | Uint8Array) => void;
}

/**
 * A stand-in for osqueryd where none is installed: watcher, worker and extension manager in this process, extensions
 * as real child processes, or started by hand and attached to the socket. What an extension sees of it follows recorded
 * traces of osqueryd 5.23.
 */
export class StandInOsqueryd {
  readonly flags: Flags;
  /** Resolves to the exit code, or to `null` when the watcher was killed. */
  readonly exited: Promise<number | null>;
  readonly #listeners = new Set<EventSink>();
  readonly #supervisor: Supervisor;
  readonly #database: Database;
  #settle: (code: number | null) => void = () => {};
  #watcherAlive = true;
  #worker: Worker | undefined;

  /** @throws {FlagError} when the command line is wrong, and what a database directory that cannot be used throws. */
  constructor(options: StandInOptions) {
    const {
      argv,
      clock = systemClock,
      env = process.env,
      random = Math.random,
      version = osqueryVersion,
      assertions = true,
    } = options;
    const issueUuid = options.issueUuid ?? (() => 1 + Math.floor(Math.random() * 65_535));
    const print = options.print ?? ((line: string | Uint8Array) => void process.stdout.write(line));
    this.flags = new Flags(argv, assertions);
    this.#database = new Database(databaseDirectory(this.flags));
    const emit: EventSink = (event) => this.#emit(event);
    const watcherLog = new StatusLog({
      clock,
      print: (text) => emit({ kind: 'log', text }),
      minimum: () => this.flags.number('logger_min_status'),
      verbose: () => this.flags.bool('verbose'),
    });
    const paths = extensionPaths(this.flags, watcherLog.sink);
    const managed = paths.length > 0 || env['OSQUERY_EXTENSIONS'] !== undefined;
    let pid = process.pid;
    this.#supervisor = new Supervisor({
      flags: this.flags,
      clock,
      log: watcherLog.sink,
      emit,
      env,
      paths,
      spawn: options.spawn ?? spawnExtension(),
      startWorker: () => {
        pid += this.flags.bool('disable_watchdog') ? 0 : 1;
        const watcherAlive = () => this.#watcherAlive;
        this.#worker = new Worker({
          argv,
          assertions,
          clock,
          database: this.#database,
          random,
          issueUuid,
          bootMs: options.bootMs?.() ?? 0,
          version,
          emit,
          print,
          pid,
          managed,
          watcherAlive,
        });
        return this.#worker;
      },
    });
    this.exited = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Calls `listener` for everything that happens from now on; returns a function that ends this. */
  on(listener: EventSink): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves with the next event that `matches`. */
  next(matches: (event: StandInEvent) => boolean): Promise<StandInEvent> {
    return new Promise((resolve) => {
      const off = this.on((event) => {
        if (!matches(event)) return;
        off();
        resolve(event);
      });
    });
  }

  /** Starts watcher and worker. */
  start(): void {
    void this.#supervisor.run().then((code) => this.#exit(code));
  }

  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null> {
    this.#supervisor.terminate();
    return this.exited;
  }

  /** SIGKILL to the worker: it ends in the midst of everything, and the watcher starts another one. */
  killWorker(): void {
    this.#supervisor.worker?.kill();
  }

  /** SIGTERM to the worker alone. */
  terminateWorker(): void {
    this.#supervisor.worker?.terminate();
  }

  /** SIGKILL to the watcher: the worker notices and ends, the extensions are left to themselves. */
  killWatcher(): void {
    this.#watcherAlive = false;
    this.#supervisor.abandon();
    this.#exit(null);
  }

  /**
   * Publishes a row of `file_events`, which the stand-in does not watch files for. It gets `eid` and `time`; loggers
   * that asked for events get it, and scheduled queries over the table see it once.
   */
  publishEvent(values: Record<string, string>): void {
    const row = new Map(Object.entries(values).map(([name, value]) => [toBytes(name), toBytes(value)]));
    this.#worker?.publishEvent(row);
  }

  /** A signal to the extension that was started from `path`. */
  signalExtension(path: string, signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#supervisor.extension(path)?.kill(signal);
  }

  #exit(code: number | null): void {
    if (code !== null) this.#database.flush();
    this.#emit({ kind: 'exited', code });
    this.#settle(code);
  }

  #emit(event: StandInEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/** The default directory belongs to the real osqueryd: without an own one the stand-in remembers nothing. */
function databaseDirectory(flags: Flags): string | undefined {
  const path = flags.text('database_path');
  const standard = flagTable.find(([name]) => name === 'database_path')?.[3];
  return path === standard || flags.bool('disable_database') ? undefined : path;
}
