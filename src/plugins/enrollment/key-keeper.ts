import type { Clock } from '../../clock/index.ts';
import { growingMs } from './back-off.ts';
import { decide, type EnrollmentEvent, type EnrollmentState, isNewer, noEnrollment } from './decide.ts';
import { GuardedDatabase } from './key-database.ts';
import type { NodeKey } from './node-key.ts';
import type { EnrollmentOptions, Log } from './options.ts';
import { StateFile } from './state-file.ts';
import { storeKey } from './store-key.ts';
import { fromStored, toStored } from './stored.ts';
import { textOf } from './text.ts';

/** Before osquery's database is compared with our key again, after core did not answer. */
const compareAgain = { firstMs: 10_000, longestMs: 600_000 };

/**
 * Keeps the key in the three places where it is: in memory (given out), in our state file, in osquery's database. All but
 * `giveUp` and `save` is called by one loop, one at a time.
 */
export class KeyKeeper {
  readonly #clock: Clock;
  readonly #settings: EnrollmentOptions['settings'];
  readonly #closed: AbortSignal;
  readonly #log: Log;
  readonly #file: StateFile;
  readonly #database: GuardedDatabase;
  readonly #listeners = new Set<(key: string | undefined) => void>();
  #state: EnrollmentState = noEnrollment;
  /** The key that is given out. Lags behind `#state.key` until that is stored. */
  #current: NodeKey | undefined;
  #lastReason = '';
  /** When osquery's database is to be compared with our key; undefined if they agree. */
  #compareAt: number | undefined;
  #compareFailures = 0;

  constructor(options: EnrollmentOptions, closed: AbortSignal, log: Log) {
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#closed = closed;
    this.#log = log;
    this.#file = new StateFile(
      options.state,
      () => toStored(this.#state, this.#lastReason, this.#time()),
      log,
    );
    this.#database = new GuardedDatabase(options.database, options.clock, closed, log);
  }

  get state(): EnrollmentState {
    return this.#state;
  }

  /** The key that is given out. */
  get current(): NodeKey | undefined {
    return this.#current;
  }

  /** Why the key was last replaced, or is being replaced. */
  get lastReason(): string {
    return this.#lastReason;
  }

  /** Loads the state. The key in it is not given out yet. */
  async load(): Promise<void> {
    const { state, lastReason } = fromStored(await this.#file.load(), this.#time());
    this.#state = state;
    this.#lastReason = lastReason;
  }

  decide(event: EnrollmentEvent): void {
    this.#state = decide(this.#state, event, this.#settings());
  }

  /** Whether it worked. */
  save(): Promise<boolean> {
    return this.#file.save();
  }

  onKey(listener: (key: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Gives the key up, by an event that says so. */
  giveUp(event: EnrollmentEvent & { readonly kind: 'refused' | 'gave_up' }, reason: string): void {
    this.decide(event);
    this.#lastReason = reason;
    void this.#file.save();
    if (this.#current !== undefined) this.#publish(undefined);
  }

  /** Gives out the key that was loaded, if no newer one is. */
  giveOut(): void {
    if (this.#current === undefined && this.#state.key !== undefined) this.#publish(this.#state.key);
  }

  /** Stores a key that the server has just issued, then gives it out. Not if it is closed meanwhile. */
  async take(key: NodeKey): Promise<void> {
    this.decide({ kind: 'took', key });
    this.#lastReason ||= 'first enrollment';
    if (!(await storeKey(key, this.#file, this.#database, this.#clock, this.#closed))) return;
    this.#log('info', `enrolled (${this.#lastReason})`);
    this.compareSoon();
    this.#publish(key);
  }

  /** Takes the key in osquery's database if it is newer than ours. @throws {unknown} when core is away. */
  async adopt(): Promise<NodeKey | undefined> {
    const found = await this.#database.read();
    if (found === undefined || !isNewer(found, this.#state)) return found;
    this.decide({ kind: 'took', key: found });
    this.#lastReason = "found in osquery's database";
    if (!(await this.#file.save())) this.#compareAt ??= this.#clock.monotonic() + compareAgain.firstMs;
    this.#log('info', `took the node key ${this.#lastReason}`);
    this.#publish(found);
    return found;
  }

  /** How long until `compare` is due; undefined if it is not. */
  compareDueMs(): number | undefined {
    if (this.#compareAt === undefined) return undefined;
    return Math.max(0, this.#compareAt - this.#clock.monotonic());
  }

  compareSoon(): void {
    this.#compareAt = this.#clock.monotonic();
  }

  /** Brings our key and the one in osquery's database together: the newer wins. Also saves what could not be saved. */
  async compare(): Promise<void> {
    this.#compareAt = undefined;
    let agreed = true;
    try {
      const found = await this.adopt();
      const { key } = this.#state;
      if (key !== undefined && key.key !== '' && key.key !== found?.key) {
        agreed = await this.#database.write(key);
      }
    } catch {
      agreed = false;
    }
    if (!(await this.#file.saved())) agreed = (await this.#file.save()) && agreed;
    this.#compareFailures = agreed ? 0 : this.#compareFailures + 1;
    if (!agreed) this.#compareAt ??= this.#clock.monotonic() + growingMs(this.#compareFailures, compareAgain);
  }

  /** Resolves when nothing is being saved any more. */
  async saved(): Promise<void> {
    await this.#file.saved();
  }

  #publish(key: NodeKey | undefined): void {
    this.#current = key;
    for (const listener of [...this.#listeners]) {
      try {
        listener(key?.key);
      } catch (error) {
        this.#log('error', `a listener to the node key failed: ${textOf(error)}`);
      }
    }
  }

  #time(): { now: number; wall: number } {
    return { now: this.#clock.monotonic(), wall: this.#clock.now() };
  }
}
