import { join } from 'node:path';
import { ask, startNode, stop } from '../lib/children.mjs';
import { cpuUs, rssMiB } from '../lib/process-use.mjs';
import { startExtension, startServer } from './extension.mjs';

/** A server that was away is back: how long until it has everything, counted from the start of the extension. */
export async function drain({ dir, lines, progress }) {
  progress(`filling the store with ${lines} lines`);
  const filler = startNode(join(import.meta.dirname, 'fill.mjs'), [join(dir, 'drain'), String(lines)]);
  await ask(filler);
  const server = await startServer(dir, 'drain-server');
  progress(`draining ${lines} lines`);
  const extension = await startExtension(dir, 'drain', server);
  try {
    const end = await server.receive(lines, 240_000);
    return {
      lines,
      seconds: Number(end - extension.startedAt) / 1e9,
      cpuUsPerLine: cpuUs(extension.child.pid) / lines,
      serverCpuUsPerLine: cpuUs(server.child.pid) / lines,
      rssMiB: rssMiB(extension.child.pid),
    };
  } catch (error) {
    throw new Error(`the drain did not end: ${error.message} ${extension.child.errors.trim()}`);
  } finally {
    for (const child of [extension.child, extension.manager.child, server.child]) await stop(child);
  }
}
