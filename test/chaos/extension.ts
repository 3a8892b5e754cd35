import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Child, Core } from './core.ts';

/** One run of the extension. */
interface Life extends Child {
  doomed: boolean;
  readonly process: ChildProcess;
  readonly startedAt: number;
  readonly ended: Promise<void>;
}

/** osqueryd's watcher looks after its children every 3 s; here sooner, so that the run is short. */
const respawnMs = 500;

/** Starts the extension as osqueryd does, kills it, and starts it again when it ended by itself. */
export class ExtensionControl {
  /** Ends that nobody asked for, of a process that was registered (`crashed`) or was not yet. */
  readonly crashes: string[] = [];
  readonly earlyEnds: string[] = [];
  readonly #command: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #core: Core;
  readonly #output: WriteStream;
  #life: Life | undefined;
  #wanted = false;

  constructor(options: {
    readonly path: string;
    readonly core: Core;
    readonly env: NodeJS.ProcessEnv;
    readonly outputFile: string;
  }) {
    // As `launchExtension` of osqueryd does; `--timeout` and `--interval` are its flags of these names.
    this.#command = [options.path, '--socket', options.core.socketPath, '--timeout', '3', '--interval', '1'];
    this.#env = options.env;
    this.#core = options.core;
    this.#output = createWriteStream(options.outputFile);
  }

  get pid(): number | undefined {
    return this.#life?.process.pid;
  }

  start(): void {
    this.#wanted = true;
    this.#spawn();
  }

  /** Kills it with SIGKILL. It stays dead until `start`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to end, as osqueryd does when it stops itself. @returns milliseconds that it took, at most 11 s. */
  async stop(): Promise<number> {
    const from = performance.now();
    const timer = setTimeout(() => this.#life?.process.kill('SIGKILL'), 11_000);
    await this.#end('SIGTERM');
    clearTimeout(timer);
    return performance.now() - from;
  }

  close(): void {
    this.#output.end();
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#wanted = false;
    const life = this.#life;
    if (life === undefined) return;
    life.doomed = true;
    life.process.kill(signal);
    await life.ended;
  }

  #spawn(): void {
    const [path = '', ...args] = this.#command;
    // The pid in `OSQUERY_EXTENSION` is the extension's own, which nobody knows before.
    const script = 'OSQUERY_EXTENSION=$$; export OSQUERY_EXTENSION; exec "$0" "$@"';
    const child = spawn('/bin/sh', ['-c', script, path, ...args], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(this.#output, { end: false });
    child.stderr.pipe(this.#output, { end: false });
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const life: Life = { doomed: false, process: child, startedAt: performance.now(), ended };
    this.#life = life;
    this.#core.child = life;
    void ended.then(() => this.#afterEnd(life));
  }

  #afterEnd(life: Life): void {
    if (this.#life === life) this.#life = undefined;
    if (life.doomed) return;
    const { exitCode, signalCode } = life.process;
    const how = `${signalCode ?? `exit code ${exitCode}`} after ${Math.round(performance.now() - life.startedAt)} ms`;
    if (this.#core.isRegistered(life)) this.crashes.push(how);
    else this.earlyEnds.push(how);
    setTimeout(() => {
      if (this.#wanted && this.#life === undefined) this.#spawn();
    }, respawnMs);
  }
}
