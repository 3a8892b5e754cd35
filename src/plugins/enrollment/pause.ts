import type { Clock } from '../../clock/index.ts';

const woken = new Error('woken');

/** The rests of one loop. A wake that comes between two rests ends the next one, so that none is lost. */
export class Pause {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;
  #pending = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ms undefined: until it is woken. */
  async rest(ms: number | undefined): Promise<void> {
    if (!this.#pending) {
      const stop = new AbortController();
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          resolve();
          stop.abort(woken);
        };
        if (ms !== undefined) this.#clock.sleep(ms, stop.signal).then(resolve, () => {});
      });
      this.#wake = undefined;
    }
    this.#pending = false;
  }

  wake(): void {
    this.#pending = true;
    this.#wake?.();
  }
}
