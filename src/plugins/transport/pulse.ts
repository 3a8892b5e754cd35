import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Clock } from '../../clock/index.ts';

/** Time between two pings. */
const pingMs = 2_000;

/** So many pings in a row without an answer mean that the thread spins or is stuck. */
const mostMissed = 5;

/**
 * Time between two looks at the memory: while nothing is asked of the thread, while calls are under way, and while it is
 * suspect. A loop that touches what it takes fills 100 MB in a tenth of a second.
 */
const lookMs = { idle: 500, busy: 100, suspect: 50 };

/** What the thread may take, heap and buffers together. */
export const maxThreadBytes = 120 * 1024 * 1024;

/** Memory of one thread as it sees it, in bytes. */
export interface Pong {
  readonly bytes: number;
}

/** So many looks in a row must find the process too large, and the thread silent. */
const mostSuspect = 3;

/** The thread's side: answers whenever its event loop runs. */
export function answerPings(port: MessagePort): void {
  port.on('message', () => {
    // Garbage is no leak: bodies of a few megabytes each add up between two collections.
    if (bytesOfThread() > maxThreadBytes / 2) collectGarbage();
    port.postMessage({ bytes: bytesOfThread() } satisfies Pong);
  });
}

let collect: (() => void) | undefined;

function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}

/** Memory of the whole process, and what of it is the asking thread's. */
export interface MemorySample {
  readonly rss: number;
  readonly own: number;
}

export interface PulseOptions {
  readonly clock: Clock;
  readonly memory: () => MemorySample;
  /** Called once, with the reason, when the thread has to go. */
  readonly onSick: (reason: string) => void;
}

/**
 * Watches a thread from outside: whether it still answers, and what memory it takes. The thread's own figure counts: it
 * is exact, also for buffers that were never touched. When the process grows (since the thread started, less this
 * thread's own growth) and the thread is too busy to tell, that growth is taken for it.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #worker: Pick<Worker, 'postMessage'>;
  readonly #start: MemorySample;
  readonly #stopPings: () => void;
  #stopLooks: () => void;
  #pace: keyof typeof lookMs = 'idle';
  #busy = false;
  #missed = 0;
  #suspect = 0;
  #over = false;

  constructor(worker: Pick<Worker, 'postMessage'>, options: PulseOptions) {
    this.#worker = worker;
    this.#options = options;
    this.#start = options.memory();
    this.#stopPings = options.clock.interval(pingMs, () => this.#ping());
    this.#stopLooks = options.clock.interval(lookMs[this.#pace], () => this.#look());
  }

  /** An answer of the thread. */
  heard({ bytes }: Pong): void {
    this.#missed = 0;
    this.#suspect = 0;
    if (bytes > maxThreadBytes) this.#sick(`it takes ${megabytes(bytes)} MB`);
  }

  /** Calls are under way, or none is left. */
  working(busy: boolean): void {
    this.#busy = busy;
    this.#setPace();
  }

  stop(): void {
    this.#over = true;
    this.#stopPings();
    this.#stopLooks();
  }

  #ping(): void {
    // Counted rather than timed: when this thread was stopped itself, the answers are still on their way.
    if (this.#missed >= mostMissed) {
      this.#sick(`it has not answered for ${(mostMissed * pingMs) / 1_000} s`);
      return;
    }
    this.#missed++;
    this.#worker.postMessage('ping');
  }

  #look(): void {
    const { rss, own } = this.#options.memory();
    const grown = rss - this.#start.rss - Math.max(0, own - this.#start.own);
    if (grown <= maxThreadBytes) {
      this.#suspect = 0;
    } else if (this.#suspect++ === mostSuspect) {
      this.#sick(`it does not answer, and the process has grown by ${megabytes(grown)} MB`);
    } else {
      this.#worker.postMessage('ping');
    }
    this.#setPace();
  }

  #setPace(): void {
    const pace = this.#suspect > 0 ? 'suspect' : this.#busy ? 'busy' : 'idle';
    if (this.#over || pace === this.#pace) return;
    this.#pace = pace;
    this.#stopLooks();
    this.#stopLooks = this.#options.clock.interval(lookMs[pace], () => this.#look());
  }

  #sick(reason: string): void {
    if (this.#over) return;
    this.stop();
    this.#options.onSick(reason);
  }
}

/** The memory of this process, seen from the calling thread. */
export function memoryNow(): MemorySample {
  return { rss: process.memoryUsage.rss(), own: bytesOfThread() };
}

function bytesOfThread(): number {
  const { heapTotal, external } = process.memoryUsage();
  return heapTotal + external;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
