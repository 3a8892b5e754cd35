import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

/** A short path (socket paths are limited), open to all users. It is removed when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'osq-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  return directory;
}

/**
 * A module in one file, so that a process of it starts quickly.
 * @param source path below the root of the package.
 */
export async function bundle(source: string): Promise<string> {
  // Beside the packages that are not part of it.
  const outfile = join(
    root,
    'node_modules',
    '.cache',
    `osquery-remote-test-${process.pid}`,
    `${basename(source)}.mjs`,
  );
  await build({
    entryPoints: [join(root, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    external: ['@sqlite.org/sqlite-wasm'],
    alias: { 'osquery-remote/extension': join(root, 'src', 'extension', 'index.ts') },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** Removes what `bundle` made. */
export function removeBundle(file: string): void {
  rmSync(dirname(file), { recursive: true, force: true });
}

/** A script for osqueryd to load that becomes a Node process. */
export function launcher(directory: string, args: readonly string[]): string {
  const path = join(directory, 'launched.ext');
  const words = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
  writeFileSync(path, `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A process whose output a test reads line by line. */
export class Watched {
  readonly child: ChildProcess;
  /** The code it ended with; `null` when it was killed. */
  readonly exited: Promise<number | null>;
  /** When nobody has its output open any more: neither it nor a child of it. */
  readonly silent: Promise<void>;
  stdout = '';
  stderr = '';
  #wake: () => void = () => {};

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
    this.silent = new Promise((resolve) =>
      this.child.once('close', () => {
        resolve();
        this.#wake();
      }),
    );
    this.child.stdout?.on('data', (text) => {
      this.stdout += text;
      this.#wake();
    });
    this.child.stderr?.on('data', (text) => {
      this.stderr += text;
      this.#wake();
    });
  }

  /** Waits for a line of the standard output. */
  says(pattern: RegExp): Promise<void> {
    return this.#until(() => pattern.test(this.stdout));
  }

  /** Waits for a line of the error output. */
  complains(pattern: RegExp): Promise<void> {
    return this.#until(() => pattern.test(this.stderr));
  }

  async #until(met: () => boolean): Promise<void> {
    let over = false;
    void this.silent.then(() => {
      over = true;
    });
    while (!met()) {
      if (over) throw new Error(`it ended first: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
