import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Around } from './remote.ts';

/** Where a transport runs. */
export interface TransportHost {
  readonly port: MessagePort;
  /** Called once when it ended by itself, with the reason. */
  onExit(listener: (reason: string) => void): void;
  /** Ends it at once, whatever it does. */
  terminate(): Promise<void>;
}

/** Starts a transport. */
export type SpawnTransport = () => TransportHost;

/** Heap of the thread. Bodies and records stand outside of it. */
const resourceLimits = { maxOldGenerationSizeMb: 96 };

/**
 * Starts the transport in a worker thread.
 * @param entry the file `worker.js`; by default the one beside this module, also when this runs from its source.
 */
export function inWorker(entry: URL | string = new URL(defaultEntry(), import.meta.url)): SpawnTransport {
  return () => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(runnable(typeof entry === 'string' ? pathToFileURL(entry) : entry), {
      name: 'transport',
      workerData: { port: port2 },
      transferList: [port2],
      resourceLimits,
    });
    let failure: string | undefined;
    worker.on('error', (error) => {
      failure = error instanceof Error ? error.message : String(error);
    });
    return {
      port: port1,
      onExit: (listener) => {
        worker.once('exit', (code) => listener(failure ?? `exit code ${code}`));
      },
      terminate: async () => {
        port1.close();
        await worker.terminate();
      },
    };
  };
}

/** Runs the transport in this thread, behind the same port. For tests: nothing protects the process from it. */
export function inProcess(around?: Around): SpawnTransport {
  return () => {
    const { port1, port2 } = new MessageChannel();
    // Loaded when it is wanted: the socket thread has no use for HTTP. The port keeps what is sent meanwhile.
    void import('./serve.ts').then(({ serveTransport }) => serveTransport(port2, around));
    return {
      port: port1,
      onExit: () => {},
      terminate: async () => {
        port1.postMessage({ type: 'close', now: 0, monotonic: 0 });
        port1.close();
      },
    };
  };
}

function defaultEntry(): string {
  return import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
}

/** Node 20 runs no TypeScript by itself: then the worker first loads `tsx`, which is there in development only. */
function runnable(entry: URL): URL {
  if (!entry.pathname.endsWith('.ts')) return entry;
  const tsx = import.meta.resolve('tsx/esm/api');
  const code = `import { register } from ${JSON.stringify(tsx)}; register(); await import(${JSON.stringify(entry.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
