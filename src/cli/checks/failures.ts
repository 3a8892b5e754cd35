import type { Bench, DeliveredLine } from './bench.ts';
import { type Check, require } from './check.ts';
import { busyConfig, quietConfig } from './config.ts';

const outageMs = 6_000;

/** When the server, the extension or osqueryd's worker is away for a while. */
export const failures: readonly Check[] = [
  {
    name: 'an outage of the server loses no line and repeats none',
    async run(bench) {
      await bench.osqueryd();
      // An osqueryd before this one has counted too.
      const before = bench.results('tick').length;
      const since = () => counters(bench.results('tick').slice(before));
      const first = await bench.eventually('a line', () => since().at(-1));
      await bench.rig.stopServer();
      await bench.pause(outageMs);
      await bench.rig.startServer();
      const during = outageMs / 1000 - 2;
      await bench.eventually('the lines of the outage', () =>
        since().some((counter) => counter > first + during),
      );
      // One after the other: what was delivered late stands in between by its number.
      const all = since().sort((a, b) => a - b);
      const last = all.at(-1) ?? 0;
      const expected = Array.from({ length: last - first }, (_, i) => first + 1 + i);
      const delivered = all.filter((counter) => counter > first);
      require(delivered.join() ===
        expected.join(), `after line ${first} there came ${delivered.join(' ')} and not ${expected.join(' ')}`);
    },
  },
  {
    name: 'a worker that is killed finds the same extension again when it is back',
    async run(bench) {
      const osqueryd = await bench.osqueryd();
      await bench.untilRegistered();
      const before = osqueryd.extension()?.pid;
      const delivered = bench.results('tick').length;
      const enrolled = bench.seen('enrolled').length;
      osqueryd.killWorker();
      await bench.eventually('osqueryd is away', async () => !(await answers(bench)));
      await bench.untilRegistered();
      await bench.eventually('lines go on', () => bench.results('tick').length > delivered);
      const now = osqueryd.extension()?.pid;
      require(now === before, `the extension was ${before} and is ${now}`);
      require(bench.seen('enrolled').length === enrolled, 'it enrolled again');
    },
  },
  {
    name: 'an extension that is killed is back under a new pid, with the same node key',
    async run(bench) {
      const osqueryd = await bench.osqueryd();
      bench.rig.server.setConfig(quietConfig);
      await bench.eventually('nothing is scheduled any more', async () => {
        return (await bench.manager.query('SELECT name FROM osquery_schedule')).length === 0;
      });
      const enrolled = bench.seen('enrolled').length;
      const before = osqueryd.extension()?.pid;
      require(before !== undefined, 'the extension does not run');
      process.kill(before, 'SIGKILL');
      await bench.eventually('another extension', () => (osqueryd.extension()?.pid ?? before) !== before);
      bench.rig.server.setConfig(busyConfig);
      const delivered = bench.results('tick').length;
      await bench.untilRegistered();
      await bench.eventually('lines go on', () => bench.results('tick').length > delivered);
      require(bench.seen('enrolled').length === enrolled, 'it enrolled again');
    },
  },
];

/** The numbers that osqueryd gives to the runs of a query, of the rows that were added. */
function counters(lines: readonly DeliveredLine[]): number[] {
  return lines
    .filter(({ content }) => content['action'] === 'added')
    .map(({ content }) => Number(content['counter']));
}

async function answers(bench: Bench): Promise<boolean> {
  try {
    await bench.manager.ping();
    return true;
  } catch {
    return false;
  }
}
