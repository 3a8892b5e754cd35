import { spawn } from 'node:child_process';

/** How osqueryd starts an extension. */
export interface ExtensionLaunch {
  readonly path: string;
  /** Without the path itself. */
  readonly args: readonly string[];
  /** All but `OSQUERY_EXTENSION`, which is the pid of the process itself. */
  readonly env: NodeJS.ProcessEnv;
}

/** A child that is running or was. */
export interface ExtensionProcess {
  readonly pid: number;
  /** Settles when the process has ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export type SpawnExtension = (launch: ExtensionLaunch) => ExtensionProcess;

/**
 * Runs an extension as a child of this process. A shell that replaces itself sets `OSQUERY_EXTENSION` to the pid,
 * which nobody knows before.
 * @param stdio what the child's output is joined to, default this process's own.
 */
export function spawnExtension(stdio: 'inherit' | 'ignore' = 'inherit'): SpawnExtension {
  return ({ path, args, env }) => {
    const script = 'OSQUERY_EXTENSION=$$; export OSQUERY_EXTENSION; exec "$0" "$@"';
    const child = spawn('/bin/sh', ['-c', script, path, ...args], {
      env,
      stdio: ['ignore', stdio, stdio],
    });
    // osqueryd ends without waiting for an extension that it leaves behind (after exit 78).
    child.unref();
    const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', () => resolve({ code: 127, signal: null }));
    });
    return { pid: child.pid ?? 0, exited, kill: (signal) => child.kill(signal) };
  };
}
