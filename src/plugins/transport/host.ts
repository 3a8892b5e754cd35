import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../../clock/index.ts';
import type { Around } from './around.ts';
import { memoryNow, type Pong, Pulse } from './pulse.ts';
import type { LastWords } from './uncaught.ts';

/** Where a transport runs. */
export interface TransportHost {
  readonly port: MessagePort;
  /** Called once when it ended, or has to be ended, with the reason. */
  onExit(listener: (reason: string) => void): void;
  /** Told when the first call begins and when the last one is over. */
  working?(busy: boolean): void;
  /** Ends it at once, whatever it does. */
  terminate(): Promise<void>;
}

/** Starts a transport. */
export type SpawnTransport = () => TransportHost;

export interface WorkerOptions {
  /** Absolute path of the user's transport module, see `defineTransport`. Default none. */
  readonly module?: string | undefined;
  /** The file `worker.js`; by default the one beside this module, also when this runs from its source. */
  readonly entry?: URL;
  /** For the watch over the thread, which lives in real time as sockets do. Default the real one. */
  readonly clock?: Clock;
}

/** What the worker is given. */
export interface WorkerData {
  readonly port: MessagePort;
  readonly module: string | undefined;
}

/** Heap of the thread. Bodies and records stand outside of it. */
const resourceLimits = { maxOldGenerationSizeMb: 96 };

/** Starts the transport in a worker thread, and watches over it: see `Pulse`. */
export function inWorker(options: WorkerOptions = {}): SpawnTransport {
  const { module, entry = new URL(defaultEntry(), import.meta.url), clock = systemClock } = options;
  return () => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(runnable(entry), {
      name: 'transport',
      workerData: { port: port2, module } satisfies WorkerData,
      transferList: [port2],
      resourceLimits,
    });
    let failure: string | undefined;
    let end: (reason: string) => void = () => {};
    const pulse = new Pulse(worker, { clock, memory: memoryNow, onSick: (reason) => end(reason) });
    worker.on('message', (message: Pong | LastWords) => {
      if ('failure' in message) failure = message.failure;
      else pulse.heard(message);
    });
    worker.on('error', (error) => {
      failure = error instanceof Error ? error.message : String(error);
    });
    worker.once('exit', (code) => {
      pulse.stop();
      end(failure ?? `exit code ${code}`);
    });
    return {
      port: port1,
      onExit: (listener) => {
        end = listener;
      },
      working: (busy) => pulse.working(busy),
      terminate: async () => {
        pulse.stop();
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
    void import('./serve.ts').then(({ serveTransport }) => serveTransport(port2, around && (() => around)));
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
