import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { flag, type Host, isOn } from './host.ts';
import { type Finding, failure, warning } from './step.ts';

/** Something that osqueryd is told to run. */
export interface ExtensionEntry {
  readonly path: string;
  /** Where that is said. */
  readonly source: string;
}

const launcher = 'osquery-remote.ext';

/** All extensions that osqueryd would load: `--extension`, and each line of `--extensions_autoload`. */
export function loadedExtensions(host: Pick<Host, 'flags'>): ExtensionEntry[] {
  const single = flag(host, 'extension');
  const list = flag(host, 'extensions_autoload');
  const listed = linesOf(list).flatMap((line) => (isDirectory(line) ? filesBelow(line) : [line]));
  return [
    ...(single === '' ? [] : [{ path: single, source: '--extension' }]),
    ...listed.map((path) => ({ path, source: list })),
  ];
}

/** Ours among them: by the name of the file behind all links, else the only one that there is. */
export function ourExtension(host: Pick<Host, 'flags'>): ExtensionEntry | undefined {
  const entries = loadedExtensions(host);
  return entries.find(isLauncher) ?? (entries.length === 1 ? entries[0] : undefined);
}

export function isLauncher({ path }: ExtensionEntry): boolean {
  return path.endsWith(launcher) || realPath(path)?.endsWith(launcher) === true;
}

/**
 * Why osqueryd would not run it (`safePermissions` of osquery): the path, its directory, the kind of file, owner and mode.
 * @param uid of osqueryd.
 */
export function refusals(
  entry: ExtensionEntry,
  host: Pick<Host, 'flags'>,
  uid = process.getuid?.(),
): Finding[] {
  const { path, source } = entry;
  const found: Finding[] = [];
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) {
    return [
      failure(
        `${path}, named by ${source}, does not exist`,
        'npm install --global osquery-remote, as root, and name the file in it',
      ),
    ];
  }
  if (source !== '--extension' && extname(path) !== '.ext') {
    found.push(
      failure(
        `${path} does not end in .ext: osqueryd passes over it in ${source}`,
        `name a file that does, or give it as --extension`,
      ),
    );
  }
  if (isOn(host, 'allow_unsafe')) {
    found.push(
      warning('--allow_unsafe is on: osqueryd runs extensions that anybody may have written', 'remove it'),
    );
    return found;
  }
  if (process.platform !== 'win32') found.push(...permissionProblems(path, file, uid));
  return found;
}

function permissionProblems(path: string, file: Stats, uid: number | undefined): Finding[] {
  const found: Finding[] = [];
  const directory = dirname(path);
  if ((statSync(directory).mode & 0o1000) !== 0) {
    found.push(
      failure(
        `${directory} is sticky like /tmp (mode ${octal(directory)}), and osqueryd runs nothing from there`,
        'move the extension to a directory of root',
      ),
    );
  }
  if ((statSync(directory).mode & 0o1002) === 0o002) {
    found.push(
      warning(
        `${directory} can be written by everybody (mode ${octal(directory)}), who can put another file in the place of the extension`,
        `chmod o-w ${directory}`,
      ),
    );
  }
  if (!file.isFile()) found.push(failure(`${path} is no regular file`));
  if (file.uid !== 0 && file.uid !== uid) {
    found.push(
      failure(
        `${path} belongs to uid ${file.uid}, and osqueryd trusts root and its own user (here uid ${uid}) only`,
        `chown root ${path}`,
      ),
    );
  }
  if ((file.mode & 0o100) === 0) {
    found.push(failure(`${path} cannot be executed by its owner (mode ${octal(path)})`, `chmod u+x ${path}`));
  }
  if ((file.mode & 0o002) !== 0) {
    found.push(
      failure(
        `${path} can be written by everybody (mode ${octal(path)}), and osqueryd does not run such files`,
        `chmod o-w ${path}`,
      ),
    );
  } else if ((file.mode & 0o020) !== 0 && file.gid !== 0) {
    found.push(
      warning(
        `${path} can be written by the group ${file.gid}: whoever is in it can run code as osqueryd's user`,
        `chmod g-w ${path}`,
      ),
    );
  }
  return found;
}

/** The code that the launcher starts, if this is the launcher and its code is missing. */
export function missingCode({ path }: ExtensionEntry): string | undefined {
  const real = realPath(path);
  if (real === undefined || !real.endsWith(launcher)) return undefined;
  const code = join(dirname(real), '..', 'dist', 'ext', 'start.js');
  return statSync(code, { throwIfNoEntry: false }) === undefined ? code : undefined;
}

/** The text of the launcher, empty if it cannot be read. */
export function textOfFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linesOf(path: string): string[] {
  return textOfFile(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[#;]/.test(line));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function octal(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}
