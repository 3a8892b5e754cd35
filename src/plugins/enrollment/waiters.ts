import type { Clock } from '../../clock/index.ts';

/** Calls that wait for the same answer. */
export class Waiters<T> {
  readonly #clock: Clock;
  readonly #waiting = new Set<(answer: T) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The next answer; after `maxWaitMs` what `late` says. @throws {unknown} `signal.reason` when it is aborted. */
  wait(maxWaitMs: number, late: () => T, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const finish = () => {
        this.#waiting.delete(answered);
        signal?.removeEventListener('abort', onAbort);
        over.abort();
      };
      const answered = (answer: T) => {
        finish();
        resolve(answer);
      };
      const onAbort = () => {
        finish();
        reject(signal?.reason);
      };
      this.#waiting.add(answered);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#clock.sleep(maxWaitMs, over.signal).then(
        () => answered(late()),
        () => {},
      );
    });
  }

  /** Answers all that wait now. */
  answer(answer: T): void {
    for (const answered of [...this.#waiting]) answered(answer);
  }
}
