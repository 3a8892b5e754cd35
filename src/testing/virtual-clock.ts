import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../clock/index.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly ms: number;
  fire(): void;
}

/**
 * A clock that stands still until a test moves it. Sockets, files and threads go on in real time: wait for what they
 * do (an event, a promise), then call `advance`.
 */
export class VirtualClock implements Clock {
  #elapsed = 0;
  #order = 0;
  #offset: number;
  readonly #timers = new Set<Timer>();
  readonly #watchers = new Set<() => void>();

  /** @param startMs wall-clock time at the start, default 2026-01-01T00:00:00Z. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#offset = startMs;
  }

  now(): number {
    return this.#offset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        this.#timers.delete(timer);
        reject(signal?.reason);
      };
      const timer = this.#add(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  interval(ms: number, tick: () => void): () => void {
    const again = (): Timer =>
      this.#add(ms, () => {
        timer = again();
        tick();
      });
    let timer = again();
    return () => this.#timers.delete(timer);
  }

  /**
   * Moves time forward and fires what falls due on the way, in order. Between two timers pending promises and
   * immediate callbacks run.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.fire();
      await settle();
    }
    this.#elapsed = end;
  }

  /** Moves the wall clock alone, as an administrator or NTP does. Timers and `monotonic` do not notice. */
  jump(ms: number): void {
    this.#offset += ms;
  }

  /** The remaining milliseconds of every pending sleep and interval, soonest first. */
  pending(): number[] {
    return [...this.#timers].map((timer) => timer.due - this.#elapsed).sort((a, b) => a - b);
  }

  /** Resolves as soon as somebody sleeps for (or has an interval of) exactly `ms`, also if that is so already. */
  async sleeping(ms: number): Promise<void> {
    while (![...this.#timers].some((timer) => timer.ms === ms)) {
      await new Promise<void>((resolve) => {
        const watcher = () => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  #add(ms: number, fire: () => void): Timer {
    const timer = { due: this.#elapsed + Math.max(0, ms), order: this.#order++, ms, fire };
    this.#timers.add(timer);
    for (const watcher of [...this.#watchers]) watcher();
    return timer;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        next === undefined ||
        timer.due < next.due ||
        (timer.due === next.due && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}

/** Lets promises and immediate callbacks that are ready run, a few turns deep. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}
