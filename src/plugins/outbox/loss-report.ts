import type { StreamName } from '../../api.ts';
import type { Clock } from '../../clock/index.ts';
import type { Loss } from './caps.ts';

/** Reports of one kind follow each other no sooner: each becomes a line, which itself may push out another. */
const pauseMs = 60_000;

/** Adds up lost lines, and reports the sums: the first soon, the next ones at most once a minute. */
export class LossReport {
  readonly #clock: Clock;
  readonly #tell: (loss: Loss) => void;
  readonly #pending = new Map<string, Loss>();
  readonly #toldAt = new Map<string, number>();

  constructor(clock: Clock, tell: (loss: Loss) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(loss: Loss): void {
    const name = `${loss.stream} ${loss.reason}`;
    const before = this.#pending.get(name)?.lines ?? 0;
    this.#pending.set(name, { ...loss, lines: before + loss.lines });
  }

  /** What is still to be reported of `stream`: to be stored, so that a crash does not hide it. */
  pending(stream: StreamName): Loss[] {
    return [...this.#pending.values()].filter((loss) => loss.stream === stream);
  }

  /** Reports what is due. */
  report(): void {
    const now = this.#clock.monotonic();
    for (const name of [...this.#pending.keys()]) {
      if (now >= (this.#toldAt.get(name) ?? Number.NEGATIVE_INFINITY) + pauseMs) this.#report(name, now);
    }
  }

  /** Reports all that is left. */
  reportAll(): void {
    for (const name of [...this.#pending.keys()]) this.#report(name, this.#clock.monotonic());
  }

  #report(name: string, now: number): void {
    const loss = this.#pending.get(name);
    if (loss === undefined) return;
    this.#pending.delete(name);
    this.#toldAt.set(name, now);
    this.#tell(loss);
  }
}
