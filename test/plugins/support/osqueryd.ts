import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What a stand-in osqueryd in a process of its own tells. */
export type OsquerydEvent =
  | {
      readonly kind: 'call';
      readonly registry: string;
      /** Values are bytes, as latin1. */
      readonly request: Readonly<Record<string, string>>;
      readonly code: number;
      readonly message: string;
    }
  | { readonly kind: 'registered'; readonly name: string; readonly code: number; readonly message: string }
  | { readonly kind: 'extension_started'; readonly pid: number }
  | { readonly kind: 'extension_exited'; readonly code: number | null; readonly signal: string | null };

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The extension and the stand-in, each as one file: started dozens of times, they are to start quickly. */
export class Programs {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<Programs> {
    // Below the packages, where those that are not bundled are found.
    const cache = file('../../../node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    const outdir = mkdtempSync(join(cache, 'test-programs-'));
    await build({
      entryPoints: {
        main: file('../../../src/plugins/main.ts'),
        worker: file('../../../src/plugins/transport/worker.ts'),
        osqueryd: file('./osqueryd-main.ts'),
      },
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['level', '@sqlite.org/sqlite-wasm', 'tsx/esm/api'],
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
      },
      logLevel: 'error',
    });
    writeFileSync(join(outdir, 'package.json'), '{"type":"module"}');
    return new Programs(outdir);
  }

  get osqueryd(): string {
    return join(this.#folder, 'osqueryd.js');
  }

  get extension(): string {
    return join(this.#folder, 'main.js');
  }

  /** The extension as a file that osqueryd loads. What it prints goes to `<path>.log`. */
  extensionFile(dir: string): { readonly path: string; readonly log: string } {
    const path = join(dir, 'remote.ext');
    const log = `${path}.log`;
    writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${this.extension}' "$@" 2>>'${log}'\n`);
    chmodSync(path, 0o755);
    writeFileSync(log, '');
    return { path, log };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A stand-in osqueryd that is a process. */
export class OsquerydProcess {
  /** What has happened so far. */
  readonly events: OsquerydEvent[] = [];
  /** The exit code. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();

  constructor(programs: Programs, flags: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [programs.osqueryd, ...flags], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
    this.exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.on('message', (event) => {
      this.events.push(event as OsquerydEvent);
      for (const watch of [...this.#watchers]) watch();
    });
  }

  /** Resolves with the first event that fits, also if it has happened already. */
  seen<T extends OsquerydEvent>(fits: (event: OsquerydEvent) => event is T): Promise<T>;
  seen(fits: (event: OsquerydEvent) => boolean): Promise<OsquerydEvent>;
  async seen(fits: (event: OsquerydEvent) => boolean): Promise<OsquerydEvent> {
    for (;;) {
      const event = this.events.find(fits);
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        const watch = () => {
          this.#watchers.delete(watch);
          resolve();
        };
        this.#watchers.add(watch);
      });
    }
  }

  /** Processes that it started as extensions, in order. */
  extensions(): number[] {
    return this.events.flatMap((event) => (event.kind === 'extension_started' ? [event.pid] : []));
  }

  /** Result lines and snapshots that the extension took, in order. */
  takenLines(): string[] {
    return this.events.flatMap((event) => {
      if (event.kind !== 'call' || event.registry !== 'logger' || event.code !== 0) return [];
      const line = event.request['string'] ?? event.request['snapshot'];
      return line === undefined ? [] : [line];
    });
  }

  /** Ends at once with this code, as osqueryd does when a logger fails. */
  async end(code: number): Promise<void> {
    this.#child.send({ exit: code });
    await this.exited;
  }

  /** SIGTERM. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exited;
  }

  /** For the end of a test, whatever came of it. */
  async kill(): Promise<void> {
    for (const pid of this.extensions()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

/** Whether a process is there and is not a zombie that somebody has yet to collect. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
