import { workerData } from 'node:worker_threads';
import { serveTransport } from './serve.ts';

/** The transport thread. Its port comes as `workerData.port`. */
serveTransport(workerData.port);
