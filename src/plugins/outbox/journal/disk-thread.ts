import { Worker } from 'node:worker_threads';

/** Writes whole files without blocking the caller, however slow the disk is. */
export interface FileWriter {
  /**
   * Makes or overwrites the file with mode 0600. `bytes` fills its buffer, and is gone afterwards.
   * @returns milliseconds that the disk took. @throws what the file system says.
   */
  write(path: string, bytes: Uint8Array, sync: boolean): Promise<number>;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

/**
 * What runs in the thread. It is text, so that it needs no file of its own wherever this package is bundled into. It
 * writes synchronously, because libuv's pool may be full of requests that hang.
 */
const program = `
const { parentPort } = require('node:worker_threads');
const { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } = require('node:fs');
parentPort.on('message', ({ id, path, bytes, sync }) => {
  const start = process.hrtime.bigint();
  try {
    const fd = openSync(path, 'w', 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
      if (sync) fdatasyncSync(fd);
    } catch (error) {
      try { unlinkSync(path); } catch {}
      throw error;
    } finally {
      closeSync(fd);
    }
    parentPort.postMessage({ id, tookMs: Number(process.hrtime.bigint() - start) / 1e6 });
  } catch (error) {
    parentPort.postMessage({ id, message: error.message });
  }
});
`;

interface Waiting {
  resolve(tookMs: number): void;
  reject(error: Error): void;
}

/** The disk thread. It is started by the first write. */
export class DiskThread implements FileWriter {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  write(path: string, bytes: Uint8Array, sync: boolean): Promise<number> {
    const worker = this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, path, bytes, sync }, [bytes.buffer as ArrayBuffer]);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(new Error('the disk thread was stopped'));
    await worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(program, { eval: true, execArgv: [], env: {} });
    this.#worker = worker;
    worker.on('message', (reply: { id: number; tookMs?: number; message?: string }) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.tookMs !== undefined) waiting?.resolve(reply.tookMs);
      else waiting?.reject(new Error(reply.message));
    });
    const onEnd = (error: Error) => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#failAll(error);
    };
    worker.on('error', onEnd);
    worker.on('exit', () => onEnd(new Error('the disk thread ended')));
    worker.unref();
    return worker;
  }

  #failAll(error: Error): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
