import { join } from 'node:path';
import { ask, startNode } from '../lib/children.mjs';
import { median } from '../lib/stats.mjs';
import { missing, newWorkspace } from '../lib/workspace.mjs';
import { drain } from './drain.mjs';
import { endToEnd } from './end-to-end.mjs';

/** What it costs to keep a line until the server has it. */
export async function run({ quick, progress, until }) {
  const reason = missing('dist/plugins/outbox/index.js', 'dist/server/index.js');
  if (reason !== undefined) throw new Error(reason);
  const dir = newWorkspace();
  progress('append');
  const args = [dir, ...(quick ? ['20000', '3'] : ['50000', '7'])];
  const append = await ask(startNode(join(import.meta.dirname, 'append.mjs'), args), undefined, 300_000);
  const leftOut = [
    { name: 'remote_batch_results against the built-in logger', reason: 'needs a real osqueryd' },
  ];
  const notBuilt = missing('bin/osquery-remote.ext');
  if (notBuilt !== undefined) leftOut.push({ name: 'end to end, drain', reason: notBuilt });
  const size = quick ? { lines: 4000, rounds: 3 } : { lines: 4000, rounds: 9 };
  const whole = notBuilt ? undefined : await endToEnd({ dir, ...size, progress, until });
  const drained = notBuilt ? undefined : await drain({ dir, lines: quick ? 100_000 : 500_000, progress });
  return report({ append, whole, drained, leftOut, size });
}

function report({ append, whole, drained, leftOut, size }) {
  const figures = Object.entries(append.variants).map(([name, { wallUs, cpuUs }]) => ({
    name,
    wallUs: median(wallUs),
    cpuUs: median(cpuUs),
  }));
  const rows = figures.map(({ name, wallUs, cpuUs }) => [name, cpuUs, wallUs, Math.round(1e6 / wallUs)]);
  const ratio = whole && median(whole.whole.map((cpu, i) => cpu / whole.bare[i]));
  if (whole !== undefined) {
    rows.push(['bare net receiver', median(whole.bare), '-', '-']);
    rows.push(['end to end, over TLS', median(whole.whole), '-', '-']);
  }
  if (drained !== undefined) {
    const { seconds, lines, cpuUsPerLine } = drained;
    const name = `drain of ${lines} lines, over TLS`;
    rows.push([name, cpuUsPerLine, (seconds * 1e6) / lines, Math.round(lines / seconds)]);
  }
  const appendUs = figures.find(({ name }) => name === 'outbox append, sync interval')?.wallUs;
  /** A short run is judged by what it would take for all lines. */
  const drainSeconds = drained && drained.seconds * (500_000 / drained.lines);
  return {
    bench: 'outbox',
    columns: ['per line of 500 bytes', 'CPU us', 'us', 'lines/s'],
    rows,
    goals: [
      { name: 'append, serial', value: appendUs, limit: 10, unit: ' us' },
      { name: 'end to end of the bare net receiver', value: ratio && ratio * 100, limit: 135, unit: ' %' },
      { name: '500,000 lines drained over TLS', value: drainSeconds, limit: 60, unit: ' s' },
    ],
    leftOut,
    notes: [
      ...(append.slowRounds > 0
        ? [
            `in ${append.slowRounds} of ${2 * append.rounds} rounds the outbox found the disk slow and wrote by its thread`,
          ]
        : []),
      `medians: append ${append.rounds} rounds, end to end ${whole?.bare.length ?? 0} of ${size.lines} lines`,
      ...(drained === undefined
        ? []
        : [
            `after the drain: ${Math.round(drained.rssMiB)} MiB; server ${drained.serverCpuUsPerLine.toFixed(1)} us/line`,
          ]),
    ],
    data: { append: figures, endToEnd: whole, drain: drained },
  };
}
