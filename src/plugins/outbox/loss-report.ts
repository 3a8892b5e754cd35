import type { StreamName } from '../../api.ts';
import type { Clock } from '../../clock/index.ts';
import type { Loss } from './loss.ts';

export interface LossReportOptions {
  readonly clock: Clock;
  /** Whether a report that becomes a line would stay. */
  readonly hasRoom: () => boolean;
  readonly tell: (loss: Loss) => void;
}

interface Pending extends Loss {
  /** It was told, and the line that told it was dropped. */
  readonly again: boolean;
}

/** Reports of one kind follow each other no sooner: each becomes a line, which itself may push out another. */
const pauseMs = 60_000;
/** A report that was dropped is repeated no sooner, and only when there is room. */
const againMs = 10_000;

/** Adds up lost lines, and reports the sums: the first soon, the next ones at most once a minute. */
export class LossReport {
  readonly #options: LossReportOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #toldAt = new Map<string, number>();

  constructor(options: LossReportOptions) {
    this.#options = options;
  }

  add(loss: Loss): void {
    this.#add(loss, false);
  }

  /** What was told has got lost on the way. */
  addAgain(loss: Loss): void {
    this.#add(loss, true);
  }

  /** What is still to be reported of `stream`: to be stored, so that a crash does not hide it. */
  pending(stream: StreamName): Loss[] {
    return [...this.#pending.values()]
      .filter((loss) => loss.stream === stream)
      .map(({ lines, reason }) => ({ stream, lines, reason }));
  }

  /** Reports what is due. */
  report(): void {
    const { clock, hasRoom } = this.#options;
    const now = clock.monotonic();
    for (const [name, { again }] of [...this.#pending]) {
      const since = now - (this.#toldAt.get(name) ?? Number.NEGATIVE_INFINITY);
      if (since >= pauseMs || (again && since >= againMs && hasRoom())) this.#report(name, now);
    }
  }

  /** Reports all that is left. */
  reportAll(): void {
    for (const name of [...this.#pending.keys()]) this.#report(name, this.#options.clock.monotonic());
  }

  #add(loss: Loss, again: boolean): void {
    const name = `${loss.stream} ${loss.reason}`;
    const before = this.#pending.get(name);
    this.#pending.set(name, {
      ...loss,
      lines: loss.lines + (before?.lines ?? 0),
      again: again || before?.again === true,
    });
  }

  #report(name: string, now: number): void {
    const loss = this.#pending.get(name);
    if (loss === undefined) return;
    this.#pending.delete(name);
    this.#toldAt.set(name, now);
    const { stream, lines, reason } = loss;
    this.#options.tell({ stream, lines, reason });
  }
}
