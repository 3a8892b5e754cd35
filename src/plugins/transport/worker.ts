import { parentPort, workerData } from 'node:worker_threads';
import { disarm } from './disarm.ts';
import type { WorkerData } from './host.ts';
import { answerPings } from './pulse.ts';
import { RecentSecrets } from './secrets.ts';
import { serveTransport } from './serve.ts';
import { tellOfEnd } from './uncaught.ts';

/** The transport thread. */
const { port, module }: WorkerData = workerData;
const recent = new RecentSecrets();
if (parentPort !== null) {
  answerPings(parentPort);
  tellOfEnd(parentPort, recent);
}
disarm();
if (module === undefined) {
  serveTransport(port, undefined, recent);
} else {
  serveTransport(port, async () => (await import('./load-module.ts')).loadModule(module), recent);
}
