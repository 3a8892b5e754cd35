import { readFileSync, statSync } from 'node:fs';

/** Why a file cannot be read, in words; `undefined` when it can. */
export function whyUnreadable(path: string): string | undefined {
  try {
    readFileSync(path);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const words: Partial<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EACCES: 'permission denied',
      EISDIR: 'it is a directory',
      ENOTDIR: 'a part of its path is no directory',
    };
    return words[code ?? ''] ?? message;
  }
}

/** Who but the owner may use a file: `r` read, `w` write. Empty on Windows, where modes say nothing. */
export function othersMay(path: string, mode: number): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & mode) !== 0;
}

/** The permissions of a file as `chmod` takes them. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}
