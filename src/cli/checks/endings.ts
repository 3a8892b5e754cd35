import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { RunningProcess } from '../rig/index.ts';
import type { Bench } from './bench.ts';
import { type Check, require } from './check.ts';

const restarts = 10;
/** What has lost its parent ends within a second; the rest is for the machine. */
const orphanMs = 5_000;

/** How osqueryd comes to its end, and starts after it. */
export const endings: readonly Check[] = [
  {
    name: 'SIGTERM ends osqueryd with 0, and leaves neither process nor socket',
    async run(bench) {
      await bench.untilRegistered();
      const { code, signal, orphans } = await (await bench.osqueryd()).stop();
      require(code === 0, `it ended with ${code ?? signal}`);
      require(orphans.length === 0, `still there: ${list(orphans)}`);
      requireNoSocket(bench);
    },
  },
  {
    name: 'after SIGKILL to osqueryd the extension ends by itself, and the next start goes on',
    async run(bench) {
      await bench.untilRegistered();
      const enrolled = bench.seen('enrolled').length;
      const osqueryd = await bench.osqueryd();
      osqueryd.killCore();
      await osqueryd.exited;
      const left = await osqueryd.remaining(orphanMs);
      require(left.length === 0, `still there: ${list(left)}`);
      const delivered = bench.results('tick').length;
      await bench.untilRegistered();
      await bench.eventually('lines go on', () => bench.results('tick').length > delivered);
      require(bench.seen('enrolled').length === enrolled, 'it enrolled again');
      await (await bench.osqueryd()).stop();
    },
  },
  {
    name: `osqueryd ends with 78 and is started again at once, ${restarts} times: registered each time`,
    async run(bench) {
      const printed = bench.output.length;
      const enrolled = bench.seen('enrolled').length;
      // Config and logger are activated first; then osqueryd waits for a plugin that nobody has.
      const flags = { distributed_plugin: 'missing', extensions_timeout: '3' };
      for (let run = 1; run <= restarts; run++) {
        const served = bench.seen('config_served').length;
        const osqueryd = await bench.osqueryd(flags);
        const { code } = await osqueryd.exited;
        require(code === 78, `run ${run} ended with ${code}`);
        require(bench.seen('config_served').length > served, `run ${run}: the extension did not register`);
      }
      for (const osqueryd of bench.rig.all) {
        const left = await osqueryd.remaining(orphanMs);
        require(left.length === 0, `still there: ${list(left)}`);
      }
      const complaint = bench.output.slice(printed).find((line) => /\block(ed)?\b|in use|taken/i.test(line));
      require(complaint === undefined, `it printed: ${complaint}`);
      require(bench.seen('enrolled').length === enrolled, 'it enrolled again');
    },
  },
];

function list(processes: readonly RunningProcess[]): string {
  return processes.map(({ pid, command }) => `${pid} ${command}`).join(', ');
}

function requireNoSocket(bench: Bench): void {
  const name = basename(bench.rig.socket);
  const sockets = readdirSync(bench.rig.directory).filter((file) => file.startsWith(`${name}.`));
  require(sockets.length === 0, `still there: ${sockets.join(', ')}`);
}
