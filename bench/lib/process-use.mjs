import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Linux reports the times of a process in hundredths of a second to everyone, whatever the kernel's own tick is. */
const tickUs = 10_000;

/** CPU time of all threads of a process, user and system, in microseconds. Resolution: 10 ms. */
export function cpuUs(pid) {
  if (process.platform !== 'linux') return parsePsTime(ps(pid, 'time'));
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
