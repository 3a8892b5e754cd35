import type { StreamName } from '../api.ts';
import type { Clock } from '../clock/index.ts';
import type { AppendOptions, Outbox, RecordKind } from './outbox/index.ts';

interface Early {
  readonly stream: StreamName;
  readonly kind: RecordKind;
  readonly bytes: Uint8Array;
  readonly options: AppendOptions;
}

/** As much as the outbox itself keeps in memory while its disk refuses. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Takes records before there is an outbox: osqueryd may hand over lines as soon as it has registered us, and where the
 * store is we learn from it only afterwards.
 */
export class Intake {
  readonly #clock: Clock;
  #early: Early[] = [];
  #bytes = 0;
  #lost = 0;
  #outbox: Outbox | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Synchronous; never throws. */
  append(stream: StreamName, kind: RecordKind, bytes: Uint8Array, options: AppendOptions = {}): void {
    if (this.#outbox !== undefined) {
      this.#outbox.append(stream, kind, bytes, options);
      return;
    }
    // The bytes are a view into a message of the socket.
    const own = Buffer.from(bytes);
    this.#early.push({ stream, kind, bytes: own, options: { acceptedAt: this.#clock.now(), ...options } });
    this.#bytes += own.length;
    while (this.#bytes > maxBytes && this.#early.length > 1) {
      const [oldest] = this.#early.splice(0, 1);
      this.#bytes -= oldest?.bytes.length ?? 0;
      this.#lost += oldest?.options.lines ?? 1;
    }
  }

  /** Hands over what has come so far, and everything from now on. @returns lines that were lost for want of room. */
  attach(outbox: Outbox): number {
    this.#outbox = outbox;
    for (const { stream, kind, bytes, options } of this.#early) outbox.append(stream, kind, bytes, options);
    this.#early = [];
    this.#bytes = 0;
    return this.#lost;
  }
}
