import { type MessagePort, workerData } from 'node:worker_threads';
import { serveTransport } from './serve.ts';

/** The transport thread. Its port comes as `workerData.port`. */
const { port } = workerData as { readonly port: MessagePort };
serveTransport(port);
