import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * What osqueryd asks of an executable that it is to run, when it reads the list and again before each spawn: a regular
 * file of root or of the current user, executable for its owner, not writable for everybody, and not in a directory
 * like `/tmp`, where everybody may put files (sticky). Group-writable is allowed.
 * @param allowUnsafe `--allow_unsafe`: it is enough that the path exists.
 */
export function hasSafePermissions(path: string, allowUnsafe: boolean): boolean {
  try {
    const link = lstatSync(path);
    if (allowUnsafe) return true;
    const file = link.isSymbolicLink() ? statSync(path) : link;
    const directory = statSync(dirname(path));
    const mine = file.uid === 0 || file.uid === process.getuid?.();
    return (
      (directory.mode & 0o1000) === 0 &&
      file.isFile() &&
      mine &&
      (file.mode & 0o100) !== 0 &&
      (file.mode & 0o002) === 0
    );
  } catch {
    return false;
  }
}
