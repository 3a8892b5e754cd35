import type { Clock } from '../../../clock/index.ts';

/** So many waiting lines or bytes end a wait. */
export interface Threshold {
  readonly lines: number;
  readonly bytes: number;
}

export const never: Threshold = { lines: Infinity, bytes: Infinity };

/** Why a wait ends early. Made once: an abort without a reason makes an exception each time. */
const woke = new Error('woken');

/** A wait that time, a call or enough appended lines end. One at a time. */
export class WakeableWait {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;
  #threshold = never;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ms undefined: until it is woken. */
  async wait(ms: number | undefined, threshold: Threshold): Promise<void> {
    const waking = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = () => {
        resolve();
        waking.abort(woke);
      };
    });
    this.#threshold = threshold;
    if (ms === undefined) await woken;
    else await this.#clock.sleep(ms, waking.signal).catch(() => undefined);
    this.#forget();
  }

  /** Ends the present wait, if any. */
  wake(): void {
    const wake = this.#wake;
    this.#forget();
    wake?.();
  }

  /** Called for each append: two comparisons. */
  appended(lines: number, bytes: number): void {
    if (lines >= this.#threshold.lines || bytes >= this.#threshold.bytes) this.wake();
  }

  #forget(): void {
    this.#wake = undefined;
    this.#threshold = never;
  }
}
