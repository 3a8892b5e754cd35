import { Worker } from 'node:worker_threads';

/** Writes to files without blocking the caller, however slow the disk is. */
export interface BehindWriter {
  /** Makes ready, so that the first job starts at once. */
  prepare(): void;
  /**
   * Writes `bytes` at `position` of the file, which is made with mode 0600 if need be. One job at a time. `bytes` is
   * gone afterwards.
   * @param sync whether the disk itself must have it.
   */
  start(path: string, bytes: Uint8Array<ArrayBuffer>, position: number, sync: boolean): WriteJob;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

export interface WriteJob {
  /** Resolves when `outcome` says something. Never rejects. */
  readonly ended: Promise<void>;
  /** Undefined while it is under way. `tookMs`: how long the disk took. */
  outcome(): { readonly tookMs: number } | { readonly error: string } | undefined;
  /** Blocks until it has ended, at most `ms` milliseconds. */
  wait(ms: number): void;
}

/** Int32 fields of the memory that is shared for a job, and where the text of an error begins. */
const stateField = 0;
const tookField = 1;
const lengthField = 2;
const textOffset = 16;
const sharedBytes = 512;

/**
 * What runs in the thread. It is text, so that it needs no file of its own wherever this package is bundled into. It
 * writes synchronously, because libuv's pool may be full of requests that hang.
 */
const program = `
const { parentPort } = require('node:worker_threads');
const { closeSync, constants, fdatasyncSync, openSync, writeSync } = require('node:fs');
parentPort.on('message', ({ path, bytes, position, sync, shared }) => {
  const fields = new Int32Array(shared, 0, 3);
  const start = process.hrtime.bigint();
  let state = 1;
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
      if (sync) fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    state = 2;
    const text = Buffer.from(error.message).subarray(0, ${sharedBytes - textOffset});
    new Uint8Array(shared).set(text, ${textOffset});
    fields[${lengthField}] = text.length;
  }
  fields[${tookField}] = Number((process.hrtime.bigint() - start) / 1000000n);
  Atomics.store(fields, ${stateField}, state);
  Atomics.notify(fields, ${stateField});
  parentPort.postMessage(shared);
});
`;

/** The disk thread. It is started when it is first needed. */
export class DiskThread implements BehindWriter {
  #worker: Worker | undefined;
  readonly #jobs = new Map<SharedArrayBuffer, () => void>();

  prepare(): void {
    this.#start();
  }

  start(path: string, bytes: Uint8Array<ArrayBuffer>, position: number, sync: boolean): WriteJob {
    const worker = this.#start();
    const shared = new SharedArrayBuffer(sharedBytes);
    const ended = new Promise<void>((resolve) => this.#jobs.set(shared, resolve));
    // While there is something to be written, the process may not just end.
    worker.ref();
    worker.postMessage({ path, bytes, position, sync, shared }, [bytes.buffer]);
    const fields = new Int32Array(shared, 0, 3);
    return {
      ended,
      outcome() {
        const state = Atomics.load(fields, stateField);
        if (state === 0) return undefined;
        if (state === 1) return { tookMs: fields[tookField] ?? 0 };
        return {
          error: Buffer.from(shared).toString('utf8', textOffset, textOffset + (fields[lengthField] ?? 0)),
        };
      },
      wait: (ms) => void Atomics.wait(fields, stateField, 0, ms),
    };
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    // Messages of jobs that ended earlier may still come; they must not let go of a thread that is waited for.
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(program, { eval: true, execArgv: [], env: {} });
    this.#worker = worker;
    worker.on('message', (shared: unknown) => this.#end(shared));
    const onEnd = () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const shared of [...this.#jobs.keys()]) {
        Atomics.compareExchange(new Int32Array(shared, 0, 1), stateField, 0, 2);
        this.#end(shared);
      }
    };
    worker.on('error', onEnd);
    worker.on('exit', onEnd);
    worker.unref();
    return worker;
  }

  #end(shared: unknown): void {
    if (!(shared instanceof SharedArrayBuffer)) return;
    // A SharedArrayBuffer arrives as another object for the same memory. There is one job at a time.
    for (const [job, resolve] of [...this.#jobs]) {
      if (Atomics.load(new Int32Array(job, 0, 1), stateField) === 0) continue;
      this.#jobs.delete(job);
      resolve();
    }
    if (this.#jobs.size === 0) this.#worker?.unref();
  }
}
