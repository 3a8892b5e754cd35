import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listening, startNode, startProgram } from '../lib/children.mjs';
import { findPeers } from '../lib/peers.mjs';
import { extensionFile } from '../lib/workspace.mjs';

const receivers = join(import.meta.dirname, 'receivers');
export const ours = 'ours (SDK)';
export const wholeExtension = 'ours (whole extension, outbox)';
export const bareNet = 'Node net, canned reply';
export const go = 'osquery-go';

/**
 * Starts all receivers, each in a process of its own.
 * @returns those that run as { name, child, path, plugin }, and those that could not be started, with the reason
 */
export async function startContestants(dir, manager, progress) {
  const running = [];
  const peers = await findPeers(progress);
  const leftOut = [...peers.leftOut];
  for (const { name, plugin = 'bench', ...entry } of [...entries(dir), ...peers.found.map(peerEntry)]) {
    progress(`starting ${name}`);
    try {
      const registered = entry.registers && manager.registration(entry.registers);
      registered?.catch(() => {});
      const child = entry.start(manager.path);
      let path = entry.path;
      registered?.then(
        ({ socket }) => {
          path = socket;
        },
        () => {},
      );
      running.push({ name, plugin, child, path: await listening(child, () => path) });
    } catch (error) {
      if (name === ours || name === bareNet) throw new Error(`${name}: ${error.message}`);
      leftOut.push({ name, reason: error.message });
    }
  }
  if (!existsSync(extensionFile)) leftOut.push({ name: wholeExtension, reason: 'npm run build makes it' });
  return { running, leftOut };
}

function entries(dir) {
  const plain = (name, file, ...args) => {
    const path = join(dir, `${file}${args.length}.sock`);
    return { name, path, start: () => startNode(join(receivers, file), [path, ...args]) };
  };
  const found = [
    {
      name: ours,
      registers: 'bench_ours',
      start: (socket) => startNode(join(receivers, 'ours.mjs'), managerArgs(socket)),
    },
    plain(bareNet, 'node-net.mjs'),
    plain('Node net, closing early', 'node-net.mjs', 'tuned'),
    plain('npm thrift server', 'npm-thrift.mjs'),
  ];
  if (existsSync(extensionFile)) {
    found.push({
      name: wholeExtension,
      plugin: 'remote',
      registers: 'osquery-remote',
      start: (socket) =>
        startProgram(extensionFile, managerArgs(socket), {
          env: { OSQUERY_REMOTE_STORE: join(dir, 'store') },
        }),
    });
  }
  return found;
}

const peerEntry = ({ name, file, args, registers }) => ({
  name,
  registers,
  start: (socket) => startProgram(file, [...args, '--socket', socket]),
});

/** As osqueryd starts an extension. */
export const managerArgs = (socket) => ['--socket', socket, '--timeout', '10', '--interval', '3'];
