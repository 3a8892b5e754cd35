import { join } from 'node:path';
import { ask, startNode, stop } from '../lib/children.mjs';
import { number } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';
import { missing, newWorkspace } from '../lib/workspace.mjs';
import { startManager } from '../manager/start.mjs';

const ours = 'ours (ExtensionManager.query)';
const npmThrift = 'npm thrift client';
const clients = [
  { name: ours, file: 'client-ours.mjs', limitMs: 60_000 },
  { name: npmThrift, file: 'client-npm-thrift.mjs', limitMs: 20_000 },
];
/** Sizes of the replies, and how many of each one process asks for. */
const sizes = [
  { rows: 1_000, times: 31 },
  { rows: 10_000, times: 11 },
  { rows: 100_000, times: 3 },
  { rows: 500_000, times: 1 },
];

/** How long large replies take. Each round has new processes, so that no size profits from the one before. */
export async function run({ quick, progress, until }) {
  const reason = missing('dist/extension/index.js');
  if (reason !== undefined) throw new Error(reason);
  const rounds = quick ? 1 : 5;
  const manager = await startManager(join(newWorkspace(), 'em'));
  for (const { rows } of sizes) {
    progress(`making a reply of ${rows} rows`);
    await manager.prepareRows(rows);
  }
  const found = clients.map((client) => ({
    ...client,
    sizes: sizes.map(() => ({ ms: [], cpuMs: [], rssMiB: [] })),
  }));
  let round = 0;
  for (; round < rounds && (round === 0 || performance.now() < until); round++) {
    for (const client of round % 2 === 0 ? found : found.toReversed()) {
      await measure(client, manager.path, (rows) =>
        progress(`round ${round + 1}: ${client.name}, ${rows} rows`),
      );
    }
  }
  await stop(manager.child);
  return report(found, round);
}

async function measure(client, path, progress) {
  const child = startNode(join(import.meta.dirname, client.file), [], { nodeArgs: ['--expose-gc'] });
  try {
    await ask(child, { path, rows: 1_000, times: 20 });
    for (const [i, { rows, times }] of sizes.entries()) {
      const size = client.sizes[i];
      if (size.failed !== undefined) break;
      progress(rows);
      try {
        const { ms, cpuMs, rssMiB } = await ask(child, { path, rows, times }, client.limitMs);
        size.ms.push(...ms);
        size.cpuMs.push(cpuMs);
        size.rssMiB.push(rssMiB);
      } catch {
        size.failed = `> ${client.limitMs / 1000} s`;
        break;
      }
    }
  } finally {
    await stop(child);
  }
}

function report(found, rounds) {
  const figures = found.map(({ name, sizes: measured }) => ({
    name,
    sizes: measured.map(({ ms, cpuMs, rssMiB, failed }, i) => ({
      rows: sizes[i].rows,
      ms: median(ms),
      usPerRow: ms.length > 0 ? (median(ms) * 1000) / sizes[i].rows : undefined,
      cpuUsPerRow: cpuMs.length > 0 ? (median(cpuMs) * 1000) / sizes[i].rows : undefined,
      maxRssMiB: median(rssMiB),
      failed,
    })),
  }));
  const mine = figures.find(({ name }) => name === ours).sizes;
  const perRow = mine.map(({ usPerRow }) => usPerRow);
  return {
    bench: 'query',
    columns: ['client', ...sizes.map(({ rows }) => `${rows / 1000}k rows`)],
    rows: figures.flatMap(({ name, sizes: of }) => [
      [name, ...of.map(({ ms, failed }) => failed ?? (ms === undefined ? '-' : `${number(ms)} ms`))],
      ['  per row', ...of.map(({ usPerRow }) => (usPerRow === undefined ? '-' : `${number(usPerRow)} us`))],
      [
        '  CPU per row',
        ...of.map(({ cpuUsPerRow }) => (cpuUsPerRow === undefined ? '-' : `${number(cpuUsPerRow)} us`)),
      ],
      [
        '  most memory',
        ...of.map(({ maxRssMiB }) => (maxRssMiB === undefined ? '-' : `${number(maxRssMiB)} MiB`)),
      ],
    ]),
    goals: [
      {
        name: 'time per row, slowest of fastest size',
        value: Math.max(...perRow) / Math.min(...perRow),
        limit: 1.5,
        unit: ' x',
      },
      { name: '100k rows', value: mine[2].ms, limit: 1000, unit: ' ms' },
    ],
    notes: [
      `medians of ${rounds} processes each; rows of 7 columns, about 200 bytes; a query on a connection of its own`,
    ],
    data: { rounds, clients: figures },
  };
}
