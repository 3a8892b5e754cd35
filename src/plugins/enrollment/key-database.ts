import { type Clock, within } from '../../clock/index.ts';
import type { NodeKey } from './node-key.ts';
import type { KeyDatabase, Log } from './options.ts';
import { textOf } from './text.ts';

/** Core answers in milliseconds, or not at all. */
const limitMs = 5_000;

/** osquery's database, where each call ends within 5 s. */
export class GuardedDatabase {
  readonly #database: KeyDatabase;
  readonly #clock: Clock;
  readonly #closed: AbortSignal;
  readonly #log: Log;
  #worked = true;

  constructor(database: KeyDatabase, clock: Clock, closed: AbortSignal, log: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#closed = closed;
    this.#log = log;
  }

  /** The key there, if any. A time that is no number counts as 0. @throws {unknown} when core is away. */
  async read(): Promise<NodeKey | undefined> {
    const found = await within(this.#clock, limitMs, () => this.#database.read(), { signal: this.#closed });
    return found && { key: found.key, time: Number.isFinite(found.time) ? found.time : 0 };
  }

  /** Whether it worked. The first failure in a row is logged. */
  async write(key: NodeKey): Promise<boolean> {
    try {
      await within(this.#clock, limitMs, () => this.#database.write(key), { signal: this.#closed });
      this.#worked = true;
    } catch (error) {
      if (this.#worked) {
        this.#log('warning', `cannot write the node key to osquery's database yet: ${textOf(error)}`);
      }
      this.#worked = false;
    }
    return this.#worked;
  }
}
