import { workerData } from 'node:worker_threads';
import type { AttemptHandler, CallHandler } from '../../src/plugins/transport/index.ts';
import { serveTransport } from '../../src/plugins/transport/serve.ts';

/** A transport thread with user code in it that does what the node key says. */
const around =
  (next: AttemptHandler): AttemptHandler =>
  async (request, signal) => {
    const authorization = request.headers.find(([name]) => name === 'Authorization')?.[1];
    switch (authorization?.replace('NodeKey ', '')) {
      case 'exit':
        process.exit(3);
        break;
      case 'throw-later':
        setImmediate(() => {
          throw new Error('out of the blue');
        });
        return next(request, signal);
      case 'reject':
        throw new Error('the middleware does not like a-made-up-secret');
      case 'reject-nothing':
        throw undefined;
      case 'spin':
        for (;;);
      case 'leak': {
        const leak: unknown[] = [];
        for (;;) leak.push(new Array(100_000).fill({ a: leak.length }));
      }
      case 'hang':
        return new Promise(() => {});
      default:
        return next(request, signal);
    }
  };

const aroundCall =
  (next: CallHandler): CallHandler =>
  async (request, signal) => {
    if (request.endpoint === 'config' && request.nodeKey === 'reject-call') {
      throw new Error('it does not like reject-call nor a-made-up-secret');
    }
    return next(request, signal);
  };

serveTransport(workerData.port, { call: aroundCall, attempt: around });
