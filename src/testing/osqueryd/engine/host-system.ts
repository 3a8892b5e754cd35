import { uptime, userInfo } from 'node:os';
import { type ByteString, toBytes } from './bytes.ts';
import { calendarTime } from './calendar-time.ts';
import { readText } from './host-identity.ts';
import { tableRow } from './host-table.ts';
import type { TableRow } from './virtual-tables.ts';

/** Rows of `users`: `/etc/passwd`, or the user of this process. */
export function userRows(): TableRow[] {
  const passwd = readText('/etc/passwd');
  if (passwd !== '') return parsePasswd(passwd);
  const { uid, gid, username, homedir, shell } = userInfo();
  return [
    userRow([toBytes(username), '', String(uid), String(gid), '', toBytes(homedir), toBytes(shell ?? '')]),
  ];
}

/** Rows of `users` from the text of `/etc/passwd`. */
export function parsePasswd(text: ByteString): TableRow[] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 7)
    .map(userRow);
}

function userRow(fields: readonly ByteString[]): TableRow {
  const [username = '', , uid = '', gid = '', description = '', directory = '', shell = ''] = fields;
  return tableRow({
    uid,
    gid,
    uid_signed: Number(uid) | 0,
    gid_signed: Number(gid) | 0,
    username,
    description,
    directory,
    shell,
    pid_with_namespace: 0,
  });
}

/** Rows of `uptime`. */
export function uptimeRows(): TableRow[] {
  const total = Math.floor(uptime());
  return [
    tableRow({
      days: Math.floor(total / 86_400),
      hours: Math.floor(total / 3600) % 24,
      minutes: Math.floor(total / 60) % 60,
      seconds: total % 60,
      total_seconds: total,
    }),
  ];
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Rows of `time`, in UTC as with `--utc`, which is the default. */
export function timeRows(nowMs: number): TableRow[] {
  const seconds = Math.floor(nowMs / 1000);
  const date = new Date(seconds * 1000);
  const iso = `${date.toISOString().slice(0, 19)}Z`;
  return [
    tableRow({
      weekday: WEEKDAYS[date.getUTCDay()] ?? '',
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minutes: date.getUTCMinutes(),
      seconds: date.getUTCSeconds(),
      timezone: 'UTC',
      local_timezone: 'UTC',
      unix_time: seconds,
      timestamp: calendarTime(seconds),
      datetime: iso,
      iso_8601: iso,
    }),
  ];
}

/** Rows of `etc_hosts`. */
export function etcHostsRows(): TableRow[] {
  return parseHosts(readText('/etc/hosts'));
}

/** Rows of `etc_hosts` from the text of `/etc/hosts`. */
export function parseHosts(text: ByteString): TableRow[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === '' || names.length === 0) return [];
    return [tableRow({ address, hostnames: names.join(' '), pid_with_namespace: 0 })];
  });
}
