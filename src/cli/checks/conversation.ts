import { createHash } from 'node:crypto';
import type { Bench } from './bench.ts';
import { type Check, require } from './check.ts';
import { changedConfig } from './config.ts';

/** osqueryd, extension and server when nothing goes wrong. */
export const conversation: readonly Check[] = [
  {
    name: 'osqueryd loads the extension, which registers',
    run: (bench) => bench.untilRegistered(),
  },
  {
    name: 'the node enrolls once, and says what host it is',
    async run(bench) {
      await bench.eventually('the node enrolled', () => bench.seen('enrolled').length > 0);
      const details = bench.rig.server.nodes[0]?.hostDetails;
      const names = Object.keys(typeof details === 'object' && details !== null ? details : {});
      for (const table of ['os_version', 'osquery_info', 'system_info', 'platform_info']) {
        // Virtual machines and containers may have no firmware to tell of.
        require(table === 'platform_info' || names.includes(table), `host_details lacks ${table}`);
      }
      require(bench.seen('enrolled').length === 1, 'it enrolled more than once');
    },
  },
  {
    name: 'the config of the server is applied',
    async run(bench) {
      const names = await scheduled(bench, 'tick');
      require(names.includes('snap'), `the schedule holds ${names.join(', ')}`);
    },
  },
  {
    name: 'result lines of a differential query are delivered',
    async run(bench) {
      const [line] = await bench.eventually('a line', () => nonEmpty(bench.results('tick')));
      for (const key of ['hostIdentifier', 'calendarTime', 'unixTime', 'counter', 'columns', 'action']) {
        require(line !== undefined && key in line.content, `the line lacks ${key}`);
      }
    },
  },
  {
    name: 'snapshots are delivered',
    async run(bench) {
      const [line] = await bench.eventually('a snapshot', () => nonEmpty(bench.results('snap')));
      require(line?.content['action'] === 'snapshot', `action is ${String(line?.content['action'])}`);
    },
  },
  {
    name: 'status lines are delivered',
    async run(bench) {
      const isStatus = ({ stream }: { stream: string }) => stream === 'status';
      const line = await bench.eventually('a status line', () => bench.lines.find(isStatus));
      for (const key of [
        'hostIdentifier',
        'unixTime',
        'severity',
        'filename',
        'line',
        'message',
        'version',
      ]) {
        require(key in line.content, `the line lacks ${key}`);
      }
    },
  },
  {
    name: 'an ad-hoc query is answered with data of this host',
    async run(bench) {
      const { status, rows } = await bench.ask(`SELECT pid FROM processes WHERE pid = ${process.pid}`);
      require(status === 0, `status ${status}`);
      const text = JSON.stringify(rows);
      require(text === JSON.stringify([{ pid: String(process.pid) }]), `it answered ${text}`);
    },
  },
  {
    name: 'an ad-hoc query that cannot be run comes back with the reason',
    async run(bench) {
      const { status, message } = await bench.ask('SELECT * FROM no_such_table');
      require(status !== 0, 'status 0');
      require(message.includes('no_such_table'), `the message is ${JSON.stringify(message)}`);
    },
  },
  {
    name: 'a config that changes is applied without a restart',
    async run(bench) {
      bench.rig.server.setConfig(changedConfig);
      await scheduled(bench, 'later');
      await bench.eventually('a line of the new query', () => nonEmpty(bench.results('later')));
    },
  },
  {
    name: "the node key is in osqueryd's database, as the built-in plugins keep it",
    async run(bench) {
      await bench.eventually('a key that the server knows', () => keyIsValid(bench));
      const time = await bench.manager.database.get('configurations', 'nodeKeyTime');
      require(/^\d+$/.test(time ?? ''), `nodeKeyTime is ${JSON.stringify(time)}`);
    },
  },
  {
    name: 'a node key that the server no longer takes leads to a new enrollment',
    async run(bench) {
      const [node] = bench.rig.server.nodes;
      const before = bench.seen('enrolled').length;
      await bench.rig.server.revoke(node?.hostIdentifier ?? '');
      await bench.eventually('another enrollment', () => bench.seen('enrolled').length > before);
      await bench.eventually('its key in the database', () => keyIsValid(bench));
      require(bench.seen('enrolled').length === before + 1, 'it enrolled more than once');
    },
  },
  {
    name: 'neither the secret nor the node key is printed',
    async run(bench) {
      const key = await bench.manager.database.get('configurations', 'nodeKey');
      const printed = bench.output.join('\n');
      require(!printed.includes(bench.rig.secret), 'the secret is in the output');
      require(key !== undefined && key !== '' && !printed.includes(key), 'the node key is in the output');
    },
  },
];

/** Waits until osqueryd has a scheduled query. @returns all that it has. */
async function scheduled(bench: Bench, wanted: string): Promise<string[]> {
  return bench.eventually(`the query ${wanted} is scheduled`, async () => {
    const rows = await bench.manager.query('SELECT name FROM osquery_schedule');
    const names = rows.map((row) => String(row['name']));
    return names.includes(wanted) && names;
  });
}

async function keyIsValid(bench: Bench): Promise<boolean> {
  const key = (await bench.manager.database.get('configurations', 'nodeKey')) ?? '';
  const hash = createHash('sha256').update(key).digest('base64url');
  return key !== '' && bench.rig.server.nodes.some(({ keyHashes }) => keyHashes.includes(hash));
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | false {
  return list.length > 0 && list;
}
