import type { StreamName } from '../../api.ts';
import type { Clock } from '../../clock/index.ts';
import type { Loss } from './loss.ts';

export interface LossReportOptions {
  readonly clock: Clock;
  /** Whether a report that becomes a line would stay. */
  readonly hasRoom: () => boolean;
  readonly tell: (loss: Loss) => void;
}

interface Pending {
  readonly loss: Loss;
  /** Some of it was never told. */
  readonly fresh: boolean;
  readonly addedAt: number;
}

/** Reports of one kind follow each other no sooner: each becomes a line, which itself may push out another. */
const pauseMs = 60_000;
/** Except when nothing was lost for so long and there is room. */
const calmMs = 10_000;

/** Adds up lost lines, and reports the sums: the first soon, the next ones when it is over or at most once a minute. */
export class LossReport {
  readonly #options: LossReportOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #toldAt = new Map<string, number>();

  constructor(options: LossReportOptions) {
    this.#options = options;
  }

  add(loss: Loss): void {
    this.#add(loss, true);
  }

  /** What was told has got lost on the way. */
  addAgain(loss: Loss): void {
    this.#add(loss, false);
  }

  /** What is still to be reported of `stream`: to be stored, so that a crash does not hide it. */
  pending(stream: StreamName): Loss[] {
    return [...this.#pending.values()].map(({ loss }) => loss).filter((loss) => loss.stream === stream);
  }

  /** Reports what is due. */
  report(): void {
    const { clock, hasRoom } = this.#options;
    const now = clock.monotonic();
    for (const [name, { fresh, addedAt }] of [...this.#pending]) {
      const since = now - (this.#toldAt.get(name) ?? Number.NEGATIVE_INFINITY);
      const calm = Math.min(since, now - addedAt) >= calmMs;
      if ((fresh && since >= pauseMs) || (calm && hasRoom())) this.#report(name, now);
    }
  }

  /** Reports all that is left. */
  reportAll(): void {
    for (const name of [...this.#pending.keys()]) this.#report(name, this.#options.clock.monotonic());
  }

  #add({ stream, lines, reason }: Loss, fresh: boolean): void {
    const name = `${stream} ${reason}`;
    const before = this.#pending.get(name);
    this.#pending.set(name, {
      loss: { stream, lines: lines + (before?.loss.lines ?? 0), reason },
      fresh: fresh || before?.fresh === true,
      addedAt: this.#options.clock.monotonic(),
    });
  }

  #report(name: string, now: number): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    this.#pending.delete(name);
    this.#toldAt.set(name, now);
    this.#options.tell(pending.loss);
  }
}
