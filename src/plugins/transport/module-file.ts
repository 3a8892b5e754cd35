import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { RemoteError } from './error.ts';

/** The variable that names the module. Never read from a config of the server: that would be code as root. */
export const moduleVariable = 'OSQUERY_REMOTE_TRANSPORT';

/** Who runs this process: what only these may write is trusted. */
export interface Process {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The module's real path, after a look at who could have written it. The file and its directory must belong to root or
 * to the user of this process, and nobody else may write them: it is going to run with the rights of osqueryd. What the
 * module imports is not looked at. On Windows, where modes say nothing, nothing is checked.
 * @throws {RemoteError} `settings`
 */
export function checkModuleFile(path: string, me: Process | undefined = thisProcess()): string {
  const refuse = (why: string) => new RemoteError('settings', `${moduleVariable}=${path}: ${why}`);
  if (!isAbsolute(path)) throw refuse('it must be an absolute path');
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw refuse(missing ? 'there is no such file' : String(error instanceof Error ? error.message : error));
  }
  const file = statSync(real);
  if (!file.isFile()) throw refuse('it is no file');
  if (me === undefined) return real;
  for (const [what, stat] of [
    [real, file],
    [dirname(real), statSync(dirname(real))],
  ] as const) {
    if (stat.uid !== 0 && stat.uid !== me.uid) {
      throw refuse(`${what} belongs to user ${stat.uid}: give it to root (chown root ${what})`);
    }
    if (writableByOthers(stat, me)) {
      throw refuse(`${what} can be written by others: chmod go-w ${what}`);
    }
  }
  return real;
}

/** The group may write if it is root's, or that of the process itself: many systems give each user a group of his own. */
function writableByOthers({ mode, gid }: Stats, me: Process): boolean {
  const byGroup = (mode & 0o020) !== 0 && gid !== 0 && gid !== me.gid;
  return byGroup || (mode & 0o002) !== 0;
}

function thisProcess(): Process | undefined {
  const { getuid, getgid } = process;
  return getuid && getgid ? { uid: getuid(), gid: getgid() } : undefined;
}
