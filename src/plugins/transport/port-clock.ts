import type { Clock } from '../../clock/index.ts';
import type { FromTransport, Stamp } from './messages.ts';

/**
 * The socket thread's clock, seen from the transport: sleeps are asked for by message, so that virtual time drives them
 * too. `now` and `monotonic` are as of the last message from there.
 */
export class PortClock implements Clock {
  readonly #post: (message: FromTransport) => void;
  readonly #sleeping = new Map<number, () => void>();
  #nextId = 1;
  #stamp: Stamp = { now: 0, monotonic: 0 };

  constructor(post: (message: FromTransport) => void) {
    this.#post = post;
  }

  now(): number {
    return this.#stamp.now;
  }

  monotonic(): number {
    return this.#stamp.monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const id = this.#nextId++;
      const onAbort = () => {
        this.#sleeping.delete(id);
        this.#post({ type: 'unsleep', id });
        reject(signal?.reason);
      };
      this.#sleeping.set(id, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#post({ type: 'sleep', id, ms });
    });
  }

  interval(ms: number, tick: () => void): () => void {
    const stop = new AbortController();
    const loop = async () => {
      for (;;) {
        await this.sleep(ms, stop.signal);
        tick();
      }
    };
    loop().catch(() => {});
    return () => stop.abort();
  }

  /** Every message from the socket thread carries its time. */
  heard(stamp: Stamp): void {
    this.#stamp = stamp;
  }

  /** A sleep is over. */
  woke(id: number): void {
    const wake = this.#sleeping.get(id);
    this.#sleeping.delete(id);
    wake?.();
  }
}
