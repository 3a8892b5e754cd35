import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram, stop } from '../lib/children.mjs';
import { findPeers } from '../lib/peers.mjs';
import { cpuUs, rssMiB } from '../lib/process-use.mjs';
import { interleave, median, range } from '../lib/stats.mjs';
import { extensionFile, missing, newWorkspace } from '../lib/workspace.mjs';
import { startManager } from '../manager/start.mjs';
import { managerArgs } from '../receive/contestants.mjs';

const ours = 'bin/osquery-remote.ext';
const bareNode = 'node -e 0 (start to end)';
const idleSeconds = 10;

/** From the start of the process until osqueryd has registered it, and what it then needs while nothing happens. */
export async function run({ quick, progress, until }) {
  const reason = missing('bin/osquery-remote.ext');
  if (reason !== undefined) throw new Error(reason);
  const rounds = quick ? 5 : 20;
  const dir = newWorkspace();
  const manager = await startManager(join(dir, 'em'), { database_path: join(dir, 'osquery.db') });
  const { found: peers, leftOut } = await findPeers(progress);
  const start = (file, args) => () =>
    startProgram(file, [...args, ...managerArgs(manager.path)], {
      env: { OSQUERY_REMOTE_STORE: join(dir, 'store') },
    });
  const contestants = [
    { name: ours, once: () => untilRegistered(manager, 'osquery-remote', start(extensionFile, [])) },
    { name: bareNode, once: untilEnded },
    ...peers.map(({ name, file, args, registers }) => ({
      name,
      once: () => untilRegistered(manager, registers, startPeer(file, [...args, '--socket', manager.path])),
    })),
  ].map((contestant) => ({ ...contestant, ms: [] }));
  const made = await interleave(
    contestants,
    async ({ name, once: measure, ms }, round) => {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      ms.push(await measure());
    },
    { rounds, until },
  );
  progress(`waiting ${idleSeconds} s`);
  const idle = await idleUse(manager, start(extensionFile, []));
  await stop(manager.child);
  return report(contestants, made, idle, leftOut);
}

const startPeer = (file, args) => () => startProgram(file, args);

async function untilRegistered(manager, name, start) {
  const registration = manager.registration(name);
  const before = process.hrtime.bigint();
  const child = start();
  try {
    const { at } = await registration;
    return Number(at - before) / 1e6;
  } catch (error) {
    throw new Error(`${name} ${error.message}: ${child.errors.trim().split('\n').at(-1)}`);
  } finally {
    await stop(child);
  }
}

async function untilEnded() {
  const before = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - before;
}

async function idleUse(manager, start) {
  const registration = manager.registration('osquery-remote');
  const child = start();
  await registration;
  await sleep(1000);
  const before = cpuUs(child.pid);
  await sleep(idleSeconds * 1000);
  const use = {
    rssMiB: rssMiB(child.pid),
    cpuMsPerSecond: (cpuUs(child.pid) - before) / 1000 / idleSeconds,
  };
  await stop(child);
  return use;
}

function report(contestants, rounds, idle, leftOut) {
  const figures = contestants.map(({ name, ms }) => ({ name, ms: median(ms), range: range(ms) }));
  const [mine, bare] = figures;
  const [ourMs, bareMs] = contestants.map(({ ms }) => ms);
  const ratio = median(ourMs.map((ms, i) => ms / bareMs[i]));
  return {
    bench: 'start',
    columns: ['started until registered', 'ms', 'lowest', 'highest', 'of node -e 0'],
    rows: figures.map(({ name, ms, range: [low, high] }) => [
      name,
      Math.round(ms),
      Math.round(low),
      Math.round(high),
      `${(ms / bare.ms).toFixed(2)} x`,
    ]),
    goals: [
      { name: 'start of node -e 0', value: ratio, limit: 2.5, unit: ' x' },
      { name: 'start', value: mine.ms, limit: 300, unit: ' ms' },
      { name: `memory after ${idleSeconds} idle seconds`, value: idle.rssMiB, limit: 85, unit: ' MiB' },
    ],
    leftOut,
    notes: [
      `idle: ${idle.cpuMsPerSecond.toFixed(2)} ms CPU per second; no server is there`,
      `medians of ${rounds} interleaved starts each`,
    ],
    data: { rounds, contestants: figures, idle },
  };
}
