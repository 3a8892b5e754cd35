import { parentPort, workerData } from 'node:worker_threads';
import { disarm } from './disarm.ts';
import type { WorkerData } from './host.ts';
import { answerPings } from './pulse.ts';
import { serveTransport } from './serve.ts';

/** The transport thread. */
const { port, module }: WorkerData = workerData;
if (parentPort !== null) answerPings(parentPort);
disarm();
if (module === undefined) {
  serveTransport(port);
} else {
  serveTransport(port, async () => (await import('./load-module.ts')).loadModule(module));
}
