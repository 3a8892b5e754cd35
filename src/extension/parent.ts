/** The process that started this one. */
export interface Parent {
  /** Whether it has ended. */
  gone(): boolean;
}

/**
 * osqueryd, when it is what started this process, and `undefined` when a person did. osqueryd sets `OSQUERY_EXTENSION`
 * to the pid of the extension (to 1 on Windows); a wrapper script that does not `exec` leaves its own pid there.
 */
export function osquerydAsParent(env: NodeJS.ProcessEnv = process.env): Parent | undefined {
  const parentPid = process.ppid;
  const mark = env['OSQUERY_EXTENSION'];
  const started = mark === String(process.pid) || mark === String(parentPid);
  if (process.platform === 'win32')
    return mark === undefined ? undefined : { gone: () => !isAlive(parentPid) };
  return started ? { gone: () => process.ppid !== parentPid } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
