import type { Clock } from '../clock/index.ts';

/** Where lines go. */
export interface LineTaker {
  takeLine(line: Buffer, acceptedAt?: number): void;
  /** A JSON array, as osqueryd hands status lines over. */
  takeStatusLines(lines: Buffer, acceptedAt?: number): void;
}

interface Early {
  readonly kind: 'line' | 'statuses';
  readonly bytes: Buffer;
  readonly acceptedAt: number;
}

/** As much as the outbox itself keeps in memory while its disk refuses. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Takes lines before there is an outbox: osqueryd may hand them over as soon as it has registered us, and where the
 * store is we learn from it only afterwards.
 */
export class Intake implements LineTaker {
  readonly #clock: Clock;
  #early: Early[] = [];
  #bytes = 0;
  #lost = 0;
  #taker: LineTaker | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Synchronous; never throws. */
  takeLine(line: Buffer): void {
    if (this.#taker === undefined) this.#keep('line', line);
    else this.#taker.takeLine(line);
  }

  /** Synchronous; never throws. */
  takeStatusLines(lines: Buffer): void {
    if (this.#taker === undefined) this.#keep('statuses', lines);
    else this.#taker.takeStatusLines(lines);
  }

  /** Hands over what has come so far, and everything from now on. @returns how many were lost for want of room. */
  attach(taker: LineTaker): number {
    this.#taker = taker;
    for (const { kind, bytes, acceptedAt } of this.#early) {
      if (kind === 'line') taker.takeLine(bytes, acceptedAt);
      else taker.takeStatusLines(bytes, acceptedAt);
    }
    this.#early = [];
    this.#bytes = 0;
    return this.#lost;
  }

  #keep(kind: Early['kind'], bytes: Buffer): void {
    // A copy: these bytes are a view into a message of the socket.
    this.#early.push({ kind, bytes: Buffer.from(bytes), acceptedAt: this.#clock.now() });
    this.#bytes += bytes.length;
    while (this.#bytes > maxBytes && this.#early.length > 1) {
      this.#bytes -= this.#early.shift()?.bytes.length ?? 0;
      this.#lost++;
    }
  }
}
