import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports the times of a process in hundredths of a second to everyone, whatever the kernel's own tick is. */
const tickUs = 10_000;

/** Not every kernel keeps this account. */
const hasScheduled = process.platform === 'linux' && scheduledNs('/proc/self') > 0;

/**
 * CPU time of a process, user and system, in microseconds: by the scheduler's own account of each living thread where
 * there is one, else in steps of 10 ms. Only differences mean something.
 */
export function cpuUs(pid) {
  if (process.platform !== 'linux') return parsePsTime(ps(pid, 'time'));
  return hasScheduled ? scheduledUs(pid) : tickedUs(pid);
}

function scheduledUs(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + scheduledNs(`/proc/${pid}/task/${thread}`), 0) / 1000;
}

/** 0 for a thread that has ended meanwhile. */
function scheduledNs(thread) {
  try {
    return Number(readFileSync(`${thread}/schedstat`, 'latin1').split(' ')[0]);
  } catch {
    return 0;
  }
}

function tickedUs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
}

/** Resident memory of a process in MiB. */
export function rssMiB(pid) {
  if (process.platform !== 'linux') return Number(ps(pid, 'rss')) / 1024;
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(match?.[1]) / 1024;
}

const ps = (pid, what) =>
  execFileSync('ps', ['-o', `${what}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();

/** `[[days-]hours:]minutes:seconds[.hundredths]` */
function parsePsTime(text) {
  const [rest, days = '0'] = text.split('-').toReversed();
  const seconds = rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return (seconds + Number(days) * 86_400) * 1e6;
}
