import { join } from 'node:path';
import { ask, listening, startNode, stop } from '../lib/children.mjs';
import { cpuUs } from '../lib/process-use.mjs';
import { interleave } from '../lib/stats.mjs';
import { startExtension, startServer } from './extension.mjs';

const warmUpRounds = 5;
const receive = join(import.meta.dirname, '../receive');

/**
 * The whole way of a line, from osqueryd's call to the answer of the server over TLS, beside a bare `net` receiver that
 * keeps nothing.
 * @returns CPU µs per line of each, round by round
 */
export async function endToEnd({ dir, lines, rounds, progress, until }) {
  const driver = startNode(join(receive, 'driver.mjs'));
  const server = await startServer(dir, 'e2e-server');
  const extension = await startExtension(dir, 'e2e', server);
  const barePath = join(dir, 'bare.sock');
  const bareChild = startNode(join(receive, 'receivers/node-net.mjs'), [barePath]);
  const bare = { child: bareChild, path: await listening(bareChild, () => barePath), plugin: 'bench' };

  const one = async ({ child, path, plugin }, count) => {
    const before = cpuUs(child.pid);
    await ask(driver, { path, plugin, lines: count });
    if (child === extension.child) await server.receive(count, 60_000);
    return (cpuUs(child.pid) - before) / count;
  };
  const found = { whole: [], bare: [] };
  // The extension lives for weeks: what counts is what a line costs when its code has been compiled.
  for (const contestant of [extension, bare]) {
    for (let round = 0; round < warmUpRounds; round++) await one(contestant, lines);
  }
  const pairs = [
    [extension, found.whole],
    [bare, found.bare],
  ];
  const measure = async ([contestant, figures], round) => {
    progress(`end to end, round ${round + 1} of ${rounds}`);
    figures.push(await one(contestant, lines));
  };
  await interleave(pairs, measure, { rounds, until });
  for (const child of [extension.child, extension.manager.child, bareChild, server.child, driver])
    await stop(child);
  return found;
}
