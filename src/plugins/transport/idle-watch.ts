import type { Clock } from '../../clock/index.ts';
import { idleMs } from './limits.ts';

/** Looks twice in that time whether bytes still come. */
export class IdleWatch {
  readonly #over = new AbortController();
  #moved = false;

  /** @param onIdle called once, when nothing has come for `idleMs`. */
  constructor(clock: Pick<Clock, 'sleep'>, onIdle: () => void) {
    void this.#run(clock, onIdle).catch(() => {});
  }

  /** Bytes have come. */
  moved(): void {
    this.#moved = true;
  }

  stop(): void {
    this.#over.abort();
  }

  async #run(clock: Pick<Clock, 'sleep'>, onIdle: () => void): Promise<void> {
    for (let still = 0; still < 2; still = this.#moved ? 0 : still + 1) {
      this.#moved = false;
      await clock.sleep(idleMs / 2, this.#over.signal);
    }
    onIdle();
  }
}
