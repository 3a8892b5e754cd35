import type { Clock } from '../../clock/index.ts';
import { type StatusSink, toBytes } from './engine/index.ts';
import type { EventSink, WorkerEnd } from './events.ts';
import type { ExtensionProcess, SpawnExtension } from './extension-process.ts';
import type { Flags } from './flags.ts';
import { hasSafePermissions } from './safe-permissions.ts';

/** The exit code that a service manager has to deal with: nothing restarts the worker after it. */
export const catastrophic = 78;

const tickMs = 3000;
/** A child that did not live so long is said to respawn too quickly. */
const quickDeathMs = 4000;

/** The part of osqueryd that does the work, as its watcher sees it. */
export interface WorkerProcess {
  readonly pid: number;
  readonly exited: Promise<WorkerEnd>;
  /** SIGTERM. */
  terminate(): void;
  /** SIGKILL. */
  kill(): void;
}

interface Child<Process> {
  process: Process | undefined;
  startedMs: number;
}

/** osqueryd's watcher: starts the worker and the extensions, and starts them again. */
export class Supervisor {
  readonly #flags: Flags;
  readonly #clock: Clock;
  readonly #log: StatusSink;
  readonly #emit: EventSink;
  readonly #env: NodeJS.ProcessEnv;
  readonly #startWorker: () => WorkerProcess;
  readonly #spawn: SpawnExtension;
  readonly #extensions = new Map<string, Child<ExtensionProcess>>();
  #worker: Child<WorkerProcess> = { process: undefined, startedMs: 0 };
  #workerEnd: WorkerEnd | undefined;
  #quickDeaths = 0;
  #abandoned = false;
  readonly #stop = new AbortController();

  constructor(options: {
    readonly flags: Flags;
    readonly clock: Clock;
    readonly log: StatusSink;
    readonly emit: EventSink;
    /** Environment for the extensions. */
    readonly env: NodeJS.ProcessEnv;
    readonly paths: readonly string[];
    startWorker(): WorkerProcess;
    readonly spawn: SpawnExtension;
  }) {
    this.#flags = options.flags;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#emit = options.emit;
    this.#env = options.env;
    this.#startWorker = options.startWorker;
    this.#spawn = options.spawn;
    for (const path of options.paths) this.#extensions.set(path, { process: undefined, startedMs: 0 });
  }

  get #watchdog(): boolean {
    return !this.#flags.bool('disable_watchdog');
  }

  /** Runs until it is stopped or gives up; resolves to the exit code, never after `abandon`. */
  async run(): Promise<number> {
    const code = await this.#watch();
    if (this.#abandoned) return new Promise(() => {});
    if (code !== undefined) return code;
    await this.#stopChildren();
    return 0;
  }

  /** SIGKILL: nothing is watched any more, and the children go on without it. */
  abandon(): void {
    this.#abandoned = true;
    this.#stop.abort();
  }

  /** SIGTERM or SIGINT. */
  terminate(): void {
    this.#stop.abort();
  }

  /** The worker that is running now, for tests that send it a signal. */
  get worker(): WorkerProcess | undefined {
    return this.#worker.process;
  }

  /** The extension that is running now under `path`. */
  extension(path: string): ExtensionProcess | undefined {
    return this.#extensions.get(path)?.process;
  }

  async #watch(): Promise<number | undefined> {
    while (!this.#stop.signal.aborted) {
      const code = await this.#watchWorker();
      if (code !== undefined) return code;
      if (this.#stop.signal.aborted) break;
      for (const [path, child] of this.#extensions) this.#watchExtension(path, child);
      if (await this.#pause(tickMs)) break;
    }
    // Without a watchdog the worker is the process: its end is not noticed at a tick but at once.
    return this.#watchdog || this.#workerEnd === undefined ? undefined : exitCode(this.#workerEnd);
  }

  async #watchWorker(): Promise<number | undefined> {
    if (this.#worker.process !== undefined) return undefined;
    const end = this.#workerEnd;
    if (end !== undefined) {
      if ('code' in end && end.code === catastrophic) {
        this.#log({ severity: 2, file: 'shutdown.cpp', line: 80, message: 'Worker returned exit status' });
        return catastrophic;
      }
      if (this.#clock.monotonic() - this.#worker.startedMs < quickDeathMs) {
        if (this.#quickDeaths >= 4) return 1;
        const message = `osqueryd worker respawning too quickly: ${this.#quickDeaths} times`;
        this.#log({ severity: 1, file: 'watcher.cpp', line: 644, message });
        this.#quickDeaths += 1;
        const pauseMs = Math.min(
          (5 + 2 ** this.#quickDeaths) * 1000,
          this.#flags.number('watchdog_max_delay') * 1000,
        );
        if (await this.#pause(pauseMs)) return undefined;
      }
    }
    const process = this.#startWorker();
    this.#worker = { process, startedMs: this.#clock.monotonic() };
    void process.exited.then((ended) => {
      this.#worker.process = undefined;
      this.#workerEnd = ended;
      this.#emit({ kind: 'worker_exited', end: ended });
      if (!this.#watchdog) this.#stop.abort();
    });
    return undefined;
  }

  #watchExtension(path: string, child: Child<ExtensionProcess>): void {
    if (child.process !== undefined) return;
    if (child.startedMs > 0 && this.#clock.monotonic() - child.startedMs < quickDeathMs) {
      this.#warn(739, `Extension respawning too quickly: ${path}`);
    }
    if (!hasSafePermissions(path, this.#flags.bool('allow_unsafe'))) {
      this.#warn(747, `[Ref #1382] Extension binary has unsafe permissions: ${path}`);
      return;
    }
    const flags = this.#flags;
    const args = ['socket', 'timeout', 'interval'].flatMap((name) => [
      `--${name}`,
      flags.text(`extensions_${name}`),
    ]);
    const process = this.#spawn({
      path,
      args: flags.bool('verbose') ? ['--verbose', ...args] : args,
      env: this.#watchdog ? { ...this.#env, OSQUERY_EXTENSIONS: 'true' } : this.#env,
    });
    child.process = process;
    child.startedMs = Math.max(1, this.#clock.monotonic());
    this.#emit({ kind: 'extension_started', path, pid: process.pid });
    void process.exited.then(({ code, signal }) => {
      child.process = undefined;
      this.#emit({ kind: 'extension_exited', path, code, signal });
    });
  }

  /** With a watcher all children get SIGTERM at once; without one the extensions first, and core works on meanwhile. */
  async #stopChildren(): Promise<void> {
    const extensions = [...this.#extensions.values()].flatMap(({ process }) => process ?? []);
    const worker = this.#worker.process;
    if (this.#watchdog) worker?.terminate();
    for (const process of extensions) process.kill('SIGTERM');
    const endings = extensions.map((process) => this.#await(process, () => process.kill('SIGKILL')));
    if (this.#watchdog && worker !== undefined) endings.push(this.#await(worker, () => worker.kill()));
    await Promise.all(endings);
    if (this.#watchdog || worker === undefined) return;
    worker.terminate();
    await this.#await(worker, () => worker.kill());
  }

  async #await(
    process: { readonly pid: number; readonly exited: Promise<unknown> },
    kill: () => void,
  ): Promise<void> {
    const limitMs = (Math.max(10, this.#flags.number('alarm_timeout')) - 4) * 1000;
    const abort = new AbortController();
    const late = this.#clock.sleep(limitMs, abort.signal).then(
      () => {
        this.#warn(463, `osqueryd worker (${process.pid}) could not be stopped. Sending kill signal.`);
        kill();
      },
      () => {},
    );
    await process.exited;
    abort.abort();
    await late;
  }

  #warn(line: number, message: string): void {
    this.#log({ severity: 1, file: 'watcher.cpp', line, message: toBytes(message) });
  }

  /** True when the pause was cut short because the watcher is to stop. */
  async #pause(ms: number): Promise<boolean> {
    await this.#clock.sleep(ms, this.#stop.signal).catch(() => {});
    return this.#stop.signal.aborted;
  }
}

/** The exit code of a process that ended so; a signal is told apart by the shell's convention. */
function exitCode(end: WorkerEnd): number {
  return 'code' in end ? end.code : end.signal === 'SIGSEGV' ? 139 : 137;
}
