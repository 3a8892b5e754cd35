import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Clock, systemClock } from '../../clock/index.ts';
import type { OsquerydProgram } from './locate.ts';
import { type RunningProcess, runningProcesses } from './processes.ts';

/** How osqueryd ended. */
export interface OsquerydEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What `stop` found. */
export interface Stopped extends OsquerydEnd {
  /** Processes that osqueryd had left behind and that did not end by themselves either. */
  readonly orphans: readonly RunningProcess[];
}

/** Core ends itself 15 s after SIGTERM, and its extensions after 11 s. */
const stopLimitMs = 18_000;
/** What is left after that has lost its parent and is to end within a second. */
const orphanLimitMs = 3_000;
const pollMs = 50;

/**
 * osqueryd and its extensions as processes, in a process group of their own: Ctrl-C in a terminal comes to us alone, and
 * they are ended in order.
 */
export class OsquerydProcess {
  readonly pid: number;
  /** Resolves when the watcher has ended. Never rejects. */
  readonly exited: Promise<OsquerydEnd>;
  readonly #child: ChildProcess;
  readonly #program: OsquerydProgram;
  readonly #directory: string;
  readonly #clock: Clock;

  /**
   * @param directory its files: osqueryd and its extensions have a path below it on their command lines.
   * @param onLine gets each line that osqueryd or its extensions print.
   * @throws {Error} of the operating system when it cannot be started.
   */
  static async start(
    program: OsquerydProgram,
    flags: readonly string[],
    directory: string,
    onLine: (line: string) => void,
    clock: Clock = systemClock,
  ): Promise<OsquerydProcess> {
    const stdio = [
      'ignore',
      'pipe',
      'pipe',
      ...(program.kind === 'stand-in' ? ['ipc' as const] : []),
    ] as const;
    const child = spawn(program.command, [...program.args, ...flags], { stdio: [...stdio], detached: true });
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return new OsquerydProcess(program, child, directory, onLine, clock);
  }

  private constructor(
    program: OsquerydProgram,
    child: ChildProcess,
    directory: string,
    onLine: (line: string) => void,
    clock: Clock,
  ) {
    this.#program = program;
    this.#child = child;
    this.#directory = directory;
    this.#clock = clock;
    this.pid = child.pid ?? 0;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', onLine);
    }
  }

  /** The processes that belong to it or to one before it in the same directory, and run now; itself included. */
  processes(): RunningProcess[] {
    return runningProcesses().filter(
      ({ group, command }) => group === this.pid || command.includes(this.#directory),
    );
  }

  /** Our extension, when it runs. */
  extension(): RunningProcess | undefined {
    return this.processes().find(({ parent, command }) => parent === this.pid && isExtension(command));
  }

  /** SIGKILL to the worker alone: the watcher starts another. */
  killWorker(): void {
    if (this.#program.kind === 'stand-in') {
      this.#child.send('kill worker');
      return;
    }
    const worker = this.processes().find(
      ({ parent, command }) => parent === this.pid && !isExtension(command),
    );
    if (worker !== undefined) process.kill(worker.pid, 'SIGKILL');
  }

  /** SIGKILL to the watcher, and with the real one to its worker: as if the machine's OOM killer had come. */
  killCore(): void {
    for (const { pid, command } of this.processes()) if (!isExtension(command)) kill(pid, 'SIGKILL');
  }

  /** Ends everything: SIGTERM, and SIGKILL for what does not heed it in time. Can be called at any time. */
  async stop(): Promise<Stopped> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    const inTime = await this.#within(stopLimitMs, this.exited);
    if (!inTime) for (const { pid } of this.processes()) kill(pid, 'SIGKILL');
    const end = await this.exited;
    const orphans = await this.remaining(orphanLimitMs);
    for (const { pid } of orphans) kill(pid, 'SIGKILL');
    return { ...end, orphans };
  }

  /** Waits until none of its processes is left, or `limitMs`. @returns those that are. */
  async remaining(limitMs: number): Promise<readonly RunningProcess[]> {
    const until = this.#clock.monotonic() + limitMs;
    for (;;) {
      const left = this.processes();
      if (left.length === 0 || this.#clock.monotonic() >= until) return left;
      await this.#clock.sleep(pollMs);
    }
  }

  async #within(limitMs: number, done: Promise<unknown>): Promise<boolean> {
    const enough = new AbortController();
    const late = this.#clock.sleep(limitMs, enough.signal).then(
      () => false,
      () => false,
    );
    const inTime = await Promise.race([done.then(() => true), late]);
    enough.abort();
    return inTime;
  }
}

/** The launcher is a shell at first, and becomes Node. */
function isExtension(command: string): boolean {
  return command.includes('osquery-remote.ext') || command.includes('/dist/ext/start.js');
}

/** It may have ended meanwhile. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
