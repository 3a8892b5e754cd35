import { join } from 'node:path';
import { ask, startNode, stop } from '../lib/children.mjs';
import { cpuUs } from '../lib/process-use.mjs';
import { interleave, median, range } from '../lib/stats.mjs';
import { missing, newWorkspace } from '../lib/workspace.mjs';
import { startManager } from '../manager/start.mjs';
import { bareNet, go, ours, startContestants } from './contestants.mjs';

const driverFile = join(import.meta.dirname, 'driver.mjs');

/** What a receiver of result lines costs, ours beside others, all driven alike in one interleaved run. */
export async function run({ quick, progress, until }) {
  const reason = missing('dist/extension/index.js');
  if (reason !== undefined) throw new Error(reason);
  const lines = quick ? 1500 : 2500;
  const rounds = quick ? 5 : 15;
  const dir = newWorkspace();
  const manager = await startManager(join(dir, 'em'), flags(dir));
  const driver = startNode(driverFile);
  const { running, leftOut } = await startContestants(dir, manager, progress);
  const drive = ({ path, plugin }, count) => ask(driver, { path, plugin, lines: count });

  for (const contestant of running) {
    progress(`warming up ${contestant.name}`);
    await drive(contestant, Math.ceil(lines / 2));
    contestant.cpu = [];
    contestant.rate = [];
  }
  const measure = async (contestant, round) => {
    progress(`round ${round + 1} of ${rounds}: ${contestant.name}`);
    const before = cpuUs(contestant.child.pid);
    const { seconds } = await drive(contestant, lines);
    contestant.cpu.push((cpuUs(contestant.child.pid) - before) / lines);
    contestant.rate.push(lines / seconds);
  };
  const made = await interleave(running, measure, { rounds, until });
  for (const { child } of running) await stop(child);
  await stop(driver);
  await stop(manager.child);
  return report(running, leftOut, { lines, rounds: made });
}

/** No server is there: lines that the whole extension takes stay in its outbox. */
const flags = (dir) => ({
  database_path: join(dir, 'osquery.db'),
  tls_hostname: '127.0.0.1:9',
  host_identifier: 'hostname',
  logger_tls_endpoint: '/log',
  logger_tls_period: 3600,
});

function report(running, leftOut, data) {
  const bare = running.find(({ name }) => name === bareNet);
  /** Each round is compared with the same round of the other, so that the machine's moods cancel out. */
  const against = (contestant, other) => median(contestant.cpu.map((cpu, i) => cpu / other.cpu[i]));
  const figures = running.map((contestant) => ({
    name: contestant.name,
    cpuUsPerLine: median(contestant.cpu),
    cpuRange: range(contestant.cpu),
    linesPerSecond: median(contestant.rate),
    ofBareNet: against(contestant, bare),
  }));
  const mine = running.find(({ name }) => name === ours);
  const goPeer = running.find(({ name }) => name === go);
  return {
    bench: 'receive',
    columns: ['receiver', 'CPU us/line', 'lowest', 'highest', 'lines/s', 'of bare net'],
    rows: figures
      .toSorted((a, b) => a.cpuUsPerLine - b.cpuUsPerLine)
      .map((row) => [
        row.name,
        row.cpuUsPerLine,
        ...row.cpuRange,
        Math.round(row.linesPerSecond),
        percent(row.ofBareNet),
      ]),
    goals: [
      { name: 'ours of the bare net receiver', value: against(mine, bare) * 100, limit: 125, unit: ' %' },
      {
        name: 'ours of osquery-go',
        value: goPeer && against(mine, goPeer) * 100,
        limit: 99.9,
        unit: ' %',
      },
    ],
    leftOut,
    notes: [
      `${data.rounds} rounds of ${data.lines} lines of 500 bytes each, interleaved; medians; two connections per line`,
    ],
    data: { ...data, receivers: figures },
  };
}

const percent = (ratio) => `${Math.round(ratio * 100)} %`;
