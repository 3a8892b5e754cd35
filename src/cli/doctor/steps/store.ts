import { accessSync, constants, lstatSync, readFileSync, type Stats, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { lookupsOf, storePath } from '../../../plugins/store/index.ts';
import { lockHolder } from '../file-lock.ts';
import { troubleOf } from '../file-system.ts';
import { modeOf } from '../files.ts';
import type { Host } from '../host.ts';
import { type Finding, failure, ok, type Step, warning } from '../step.ts';

const mib = 1024 * 1024;

/** The directory in which lines wait. Nothing is written there. */
export const store: Step = {
  name: 'store',
  needs: [],
  check(host) {
    const path = storePath(host.settings, host.env);
    if (path === undefined) {
      return [
        warning(
          '--disable_database is on: lines that wait are lost with the process',
          'set OSQUERY_REMOTE_STORE to a directory',
        ),
      ];
    }
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const problems = stats === undefined ? aboveOf(path) : rules(path, stats);
    if (problems.some(({ level }) => level === 'failure')) return problems;
    const place = stats === undefined ? existingAbove(path) : path;
    const { bavail, bsize, blocks, type } = statfsSync(place);
    const free = bavail * bsize;
    const findings = [...problems, ...space(host, place, free, blocks * bsize)];
    const trouble = process.platform === 'linux' ? troubleOf(type) : undefined;
    if (trouble !== undefined)
      findings.push(warning(`${path} ${trouble}`, 'set OSQUERY_REMOTE_STORE to a local disk'));
    const state = stats === undefined ? 'will be made at the first start' : user(path);
    return [...findings, ok(`${path}: ${state}, ${Math.floor(free / mib)} MiB free`)];
  },
};

/** As the extension looks at it before it opens it. */
function rules(path: string, stats: Stats): Finding[] {
  if (!stats.isDirectory())
    return [failure(`${path} is no directory`, 'remove it, or set OSQUERY_REMOTE_STORE to another place')];
  if (process.platform === 'win32') return [];
  const own = process.geteuid?.() ?? 0;
  if (stats.uid !== 0 && stats.uid !== own) {
    return [
      failure(
        `${path} belongs to uid ${stats.uid}, and this runs as uid ${own}`,
        `run the doctor as osqueryd's user; if that is this one: chown -R ${own} ${path}`,
      ),
    ];
  }
  if ((stats.mode & 0o022) !== 0) {
    return [
      failure(
        `others can write in ${path} (mode ${modeOf(path)}), so it is not used`,
        `after a look at what is in it: chmod 700 ${path}`,
      ),
    ];
  }
  return [...parentOf(path), ...writable(path, `chown ${own} ${path}`)];
}

function aboveOf(path: string): Finding[] {
  return [
    ...parentOf(path),
    ...writable(existingAbove(path), 'make it, or set OSQUERY_REMOTE_STORE to another place'),
  ];
}

/** In a sticky directory nobody can put another directory in the place of ours. */
function parentOf(path: string): Finding[] {
  const parent = dirname(path);
  const stats = statOf(parent);
  if (stats === undefined || (stats.mode & 0o002) === 0 || (stats.mode & 0o1000) !== 0) return [];
  return [
    failure(
      `others can write in ${parent} (mode ${modeOf(parent)}), and replace the store there`,
      `chmod o-w ${parent}`,
    ),
  ];
}

function writable(path: string, advice: string): Finding[] {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    return [failure(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`, advice)];
  }
}

function space({ settings }: Host, path: string, free: number, total: number): Finding[] {
  const wanted = settings.own.bufferMinFreeBytes ?? Math.min(256 * mib, total * 0.05);
  if (free >= wanted) return [];
  return [
    failure(
      `${Math.floor(free / mib)} MiB are free at ${path}, and ${Math.ceil(wanted / mib)} MiB are left to others: lines that wait are dropped`,
      'make room, or lower OSQUERY_REMOTE_BUFFER_MIN_FREE_BYTES',
    ),
  ];
}

function user(path: string): string {
  const pid = lockHolder(lookupsOf(path).lock);
  return pid === undefined ? 'in use by nobody' : `in use by ${commandOf(pid)} (pid ${pid})`;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('osquery-remote')
      ? 'the extension'
      : readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process';
  }
}

function existingAbove(path: string): string {
  const parent = dirname(path);
  return statOf(parent) !== undefined || parent === path ? parent : existingAbove(parent);
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
