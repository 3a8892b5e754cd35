import { hostname } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { VirtualClock } from '../../virtual-clock.ts';
import { parseCpuInfo, parseOsRelease } from './host-identity.ts';
import { parseStat } from './host-processes.ts';
import { parseHosts, parsePasswd } from './host-system.ts';
import { type EngineProvider, hostTables } from './host-tables.ts';
import { routeRows } from './route.ts';
import { rowText } from './row.ts';
import { SqlEngine } from './sql-engine.ts';

const provider: EngineProvider = {
  clock: new VirtualClock(Date.UTC(2026, 10, 21, 0, 37, 33)),
  hostUuid: () => 'host-uuid',
  info: () => ({
    pid: 10,
    watcherPid: 9,
    uuid: 'host-uuid',
    instanceId: 'instance',
    version: '5.23.1',
    configHash: 'abc',
    configValid: true,
    extensionsActive: true,
    startTime: 5,
  }),
  extensions: () => [
    { uuid: 0, name: 'core', version: '5.23.1', sdkVersion: '0.0.0', path: '', type: 'core' },
    { uuid: 7, name: 'ext', version: '1', sdkVersion: '0.0.0', path: '/x.em.7', type: 'extension' },
  ],
  flags: () => [],
  schedule: () => [{ name: 'q', query: 'select 1', interval: 60 }],
  packs: () => [],
  registry: () => [],
};

let sql: SqlEngine | undefined;
afterEach(() => sql?.close());

async function select(text: string) {
  sql = await SqlEngine.open();
  for (const [name, table] of hostTables(provider)) {
    expect(sql.attachTable(name, table.route, () => ({ rows: table.rows() }))).toBeUndefined();
  }
  const result = await sql.query(text);
  return 'error' in result ? result.error : result.rows.map((row) => Object.fromEntries(rowText(row)));
}

test('every table can be read as a whole', async () => {
  for (const name of hostTables(provider).keys()) {
    expect(await select(`select * from ${name}`)).toBeInstanceOf(Array);
    sql?.close();
    sql = undefined;
  }
});

test('time is that of the clock', async () => {
  expect(await select('select unix_time, weekday, month, datetime, timestamp from time')).toEqual([
    {
      unix_time: '1795221453',
      weekday: 'Saturday',
      month: '11',
      datetime: '2026-11-21T00:37:33Z',
      timestamp: 'Sat Nov 21 00:37:33 2026 UTC',
    },
  ]);
});

test('this process is among the processes, under its own pid', async () => {
  const rows = await select(`select pid, parent, on_disk from processes where pid = ${process.pid}`);
  expect(rows).toMatchObject([{ pid: String(process.pid) }]);
});

test('identity comes from this host and from core', async () => {
  expect(await select('select hostname, uuid from system_info')).toEqual([
    { hostname: hostname(), uuid: 'host-uuid' },
  ]);
  expect(await select('select pid, watcher, config_valid, extensions from osquery_info')).toEqual([
    { pid: '10', watcher: '9', config_valid: '1', extensions: 'active' },
  ]);
  expect(await select('select uuid, name, type from osquery_extensions')).toEqual([
    { uuid: '0', name: 'core', type: 'core' },
    { uuid: '7', name: 'ext', type: 'extension' },
  ]);
});

test('route info of a table of core lists its columns', () => {
  const table = hostTables(provider).get('uptime');
  const [first] = table === undefined ? [] : routeRows(table.route);
  expect(Object.fromEntries(first ?? [])).toEqual({ id: 'column', name: 'days', type: 'INTEGER', op: '0' });
});

test('system files are read field by field', () => {
  expect([...parseOsRelease('NAME="Debian GNU/Linux"\n# x\nVERSION_ID=12\nID=\'debian\'\n')]).toEqual([
    ['NAME', 'Debian GNU/Linux'],
    ['VERSION_ID', '12'],
    ['ID', 'debian'],
  ]);
  expect(parseCpuInfo('model\t\t: 85\nflags : a:b\n\nmodel : 1').get('flags')).toBe('a:b');
  const [user] = parsePasswd('nobody:x:65534:4294967295:No Body:/none:/bin/false\nbroken\n');
  expect(Object.fromEntries(user ?? [])).toMatchObject({
    uid: '65534',
    gid_signed: '-1',
    shell: '/bin/false',
  });
  const hosts = parseHosts('127.0.0.1\tlocalhost me # us\n# ::1 x\n\n');
  expect(hosts.map((row) => [row.get('address'), row.get('hostnames')])).toEqual([
    ['127.0.0.1', 'localhost me'],
  ]);
  const stat = parseStat('12 (a) b) S 1 12');
  expect([stat.name, stat.field(3), stat.field(4)]).toEqual(['a) b', 'S', '1']);
});
