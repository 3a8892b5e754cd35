import { readdirSync, readlinkSync } from 'node:fs';
import { type ByteString, toBytes } from './bytes.ts';
import { readText } from './host-identity.ts';
import { tableRow } from './host-table.ts';
import type { TableRow } from './virtual-tables.ts';

/** Bytes of a memory page and clock ticks of a second, as on every Linux that Node runs on. */
const PAGE_BYTES = 4096;
const TICKS_PER_SECOND = 100;

/** Rows of `processes`: all processes on Linux, elsewhere this one. */
export function processRows(): TableRow[] {
  if (process.platform !== 'linux') return [ownRow()];
  const bootedAt = Number(/^btime (\d+)$/m.exec(readText('/proc/stat'))?.[1] ?? 0);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const stat = readText(`/proc/${pid}/stat`);
      return stat === '' ? [] : [processRow(pid, stat, bootedAt)];
    });
}

/** The fields of `/proc/<pid>/stat` by their number in proc(5), from 3 on; the name is in brackets and may hold anything. */
export function parseStat(stat: ByteString): { readonly name: ByteString; field(number: number): string } {
  const end = stat.lastIndexOf(')');
  const fields = stat
    .slice(end + 2)
    .trim()
    .split(' ');
  return {
    name: stat.slice(stat.indexOf('(') + 1, end),
    field: (number) => fields[number - 3] ?? '0',
  };
}

function processRow(pid: string, stat: ByteString, bootedAt: number): TableRow {
  const { name, field } = parseStat(stat);
  const status = readText(`/proc/${pid}/status`);
  const ids = (key: string) => new RegExp(`^${key}:\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)`, 'm').exec(status) ?? [];
  const [, uid = '-1', euid = '-1', suid = '-1'] = ids('Uid');
  const [, gid = '-1', egid = '-1', sgid = '-1'] = ids('Gid');
  const path = link(`/proc/${pid}/exe`);
  const milliseconds = (ticks: string) => Math.floor((Number(ticks) * 1000) / TICKS_PER_SECOND);
  return tableRow({
    pid,
    name,
    path: path.replace(/ \(deleted\)$/, ''),
    cmdline: commandLine(pid),
    state: field(3),
    cwd: link(`/proc/${pid}/cwd`),
    root: link(`/proc/${pid}/root`),
    uid,
    gid,
    euid,
    egid,
    suid,
    sgid,
    on_disk: path === '' ? -1 : path.endsWith(' (deleted)') ? 0 : 1,
    wired_size: 0,
    resident_size: Number(field(24)) * PAGE_BYTES,
    total_size: field(23),
    user_time: milliseconds(field(14)),
    system_time: milliseconds(field(15)),
    start_time: bootedAt + Math.floor(Number(field(22)) / TICKS_PER_SECOND),
    parent: field(4),
    pgroup: field(5),
    threads: field(20),
    nice: field(19),
  });
}

function ownRow(): TableRow {
  return tableRow({
    pid: process.pid,
    name: toBytes(process.title),
    path: toBytes(process.execPath),
    cmdline: toBytes(process.argv.join(' ')),
    state: 'R',
    cwd: toBytes(process.cwd()),
    resident_size: process.memoryUsage.rss(),
    parent: process.ppid,
  });
}

function commandLine(pid: string): ByteString {
  return readText(`/proc/${pid}/cmdline`).replace(/\0+$/, '').replaceAll('\0', ' ');
}

function link(path: string): ByteString {
  try {
    return readlinkSync(path, 'buffer').toString('latin1');
  } catch {
    return '';
  }
}
