import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type StatusSink, toBytes } from './engine/index.ts';
import type { Flags } from './flags.ts';
import { hasSafePermissions } from './safe-permissions.ts';

/** Paths of the extensions that osqueryd is to run: `--extension`, and the lines of `--extensions_autoload`. */
export function extensionPaths(flags: Flags, log: StatusSink): string[] {
  if (flags.bool('disable_extensions')) return [];
  const single = flags.text('extension');
  const listed = readList(flags.text('extensions_autoload')).filter((path) => isAccepted(path, flags, log));
  return [...new Set(single === '' ? listed : [single, ...listed])];
}

/** A missing file is an empty list. A line that names a directory stands for all files below it. */
function readList(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith(';'))
    .flatMap((path) => (isDirectory(path) ? filesBelow(path) : [path]));
}

function isAccepted(path: string, flags: Flags, log: StatusSink): boolean {
  const refuse = (line: number, why: string) => {
    log({
      severity: 1,
      file: 'extensions.cpp',
      line,
      message: toBytes(`Will not autoload extension ${why}: ${path}`),
    });
    return false;
  };
  if (!hasSafePermissions(path, flags.bool('allow_unsafe')))
    return refuse(444, 'with unsafe directory permissions');
  return extname(path) === '.ext' || refuse(451, "not ending in '.ext'");
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
