import { readFileSync } from 'node:fs';

/** The process that started this one. */
export interface Parent {
  /** Whether it has ended. */
  gone(): boolean;
}

/**
 * osqueryd, when it is what started this process, and `undefined` when a person did. osqueryd sets `OSQUERY_EXTENSION`
 * to the pid of the extension (to 1 on Windows); a wrapper script that does not `exec` leaves its own pid there.
 *
 * Ask for it as early as possible: an osqueryd that ended before is hard to tell from the process that adopted us.
 */
export function osquerydAsParent(env: NodeJS.ProcessEnv = process.env): Parent | undefined {
  const parentPid = process.ppid;
  const mark = env['OSQUERY_EXTENSION'];
  if (process.platform === 'win32')
    return mark === undefined ? undefined : { gone: () => !isAlive(parentPid) };
  if (mark !== String(process.pid) && mark !== String(parentPid)) return undefined;
  if (parentPid === 1 && !isOfOurGroup(1)) return { gone: () => true };
  return { gone: () => process.ppid !== parentPid };
}

/**
 * Whether a process is of our process group, as osqueryd is, whose child inherits it. Process 1 is osqueryd itself in a
 * container; otherwise it is the one that adopts orphans. Where there is no /proc there are no such containers.
 */
function isOfOurGroup(pid: number): boolean {
  try {
    return processGroup('self') === processGroup(pid);
  } catch {
    return false;
  }
}

/** @throws {Error} without /proc. */
function processGroup(pid: number | 'self'): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // pid (name) state ppid pgrp: the name may hold anything, parentheses and spaces too.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
