import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { commandPath } from './paths.ts';

/** An osqueryd that can be run. */
export interface OsquerydProgram {
  readonly kind: 'real' | 'stand-in';
  /** `command` with `args` in front of the flags. */
  readonly command: string;
  readonly args: readonly string[];
  /** How to call it in front of people. */
  readonly label: string;
}

/** An osqueryd was found that cannot be used. The message is one line. */
export class UnusableOsqueryd extends Error {
  override readonly name = 'UnusableOsqueryd';
}

/** How long `--version` may take. */
const patienceMs = 20_000;

/**
 * The osqueryd of this machine: the one that `OSQUERYD` names, else `osqueryd` on the PATH.
 * @throws {UnusableOsqueryd}
 */
export async function realOsqueryd(
  env: NodeJS.ProcessEnv = process.env,
): Promise<OsquerydProgram | undefined> {
  const named = env['OSQUERYD'];
  const path = named === undefined || named === '' ? onPath(env) : named;
  if (path === undefined) return undefined;
  const from = path === named ? `OSQUERYD=${path}` : path;
  return {
    kind: 'real',
    command: path,
    args: [],
    label: `osqueryd ${await versionOf(path, from)} (${path})`,
  };
}

/** Our own, in a process of its own. */
export function standIn(): OsquerydProgram {
  return {
    kind: 'stand-in',
    command: process.execPath,
    args: [commandPath, 'osqueryd'],
    label: 'a stand-in for osqueryd',
  };
}

function onPath(env: NodeJS.ProcessEnv): string | undefined {
  const directories = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  return directories.map((directory) => join(directory, 'osqueryd')).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function versionOf(path: string, from: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(path, ['--version'], { timeout: patienceMs, killSignal: 'SIGKILL' }, (error, stdout) => {
      const version = /^osqueryd version (\S+)/m.exec(stdout)?.[1];
      if (version !== undefined) resolve(version);
      else reject(new UnusableOsqueryd(`${from} is not an osqueryd that can be used: ${reason(error)}`));
    });
  });
}

function reason(error: (Error & { code?: unknown; killed?: boolean }) | null): string {
  if (error === null) return 'its --version does not name osqueryd';
  if (error.killed) return `its --version took longer than ${patienceMs / 1000} s`;
  if (error.code === 'ENOENT') return 'there is no such file';
  if (error.code === 'EACCES') return 'it may not be executed';
  return `its --version failed (${String(error.code)})`;
}
