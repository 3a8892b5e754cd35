import type { Clock } from '../../clock/index.ts';
import { attempt } from './attempt.ts';
import { growingMs } from './back-off.ts';
import {
  decide,
  type EnrollmentEvent,
  type EnrollmentState,
  isHopeless,
  isNewer,
  noEnrollment,
  waitMs,
} from './decide.ts';
import { GuardedDatabase } from './key-database.ts';
import type { NodeKey } from './node-key.ts';
import type { EnrollmentOptions, EnrollmentStatus, Obtained } from './options.ts';
import { Pause } from './pause.ts';
import type { EnrollmentSettings } from './settings.ts';
import { StateFile } from './state-file.ts';
import { storeKey } from './store-key.ts';
import { fromStored, toStored } from './stored.ts';
import { clean, secondsOf } from './text.ts';
import { Waiters } from './waiters.ts';

/** How often the secret and the settings are looked at during a wait. */
const lookMs = 5_000;

/** Before osquery's database is compared with our key again, after core did not answer. */
const compareAgain = { firstMs: 10_000, longestMs: 600_000 };

const fromDatabase = "found in osquery's database";

/**
 * Gets, keeps and replaces the node key. One loop does everything that takes time, so there is never a second series of
 * attempts, and never a second request.
 *
 * Invariants:
 * - a key is given out only after it is stored: in our state, or, where that cannot be written, in osquery's database;
 * - a refusal counts only for the key that is given out at that moment;
 * - the key in osquery's database is overwritten, never removed.
 */
export class Enrollment {
  readonly #options: EnrollmentOptions;
  readonly #clock: Clock;
  readonly #pause: Pause;
  readonly #waiters: Waiters<Obtained>;
  readonly #file: StateFile;
  readonly #database: GuardedDatabase;
  readonly #listeners = new Set<(key: string | undefined) => void>();
  readonly #closed = new AbortController();
  #state: EnrollmentState = noEnrollment;
  /** The key that is given out. Lags behind `#state.key` until that is stored. */
  #current: NodeKey | undefined;
  #lastReason = '';
  #lastError = '';
  #opened = false;
  #running: Promise<void> = Promise.resolve();
  /** Somebody needs a key. */
  #wanted = false;
  /** `enroll_always`: no key but a new one will do. */
  #onlyNew = false;
  /** The database is to be read before the series goes on. */
  #readDue = false;
  /** When osquery's database is to be compared with our key; undefined if they agree. */
  #compareAt: number | undefined;
  #compareFailures = 0;
  #inFlight = false;
  /** The key whose refusal changed nothing, to say so once. */
  #kept: NodeKey | undefined;

  constructor(options: EnrollmentOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#pause = new Pause(options.clock);
    this.#waiters = new Waiters(options.clock);
    const log: EnrollmentOptions['log'] = (level, text) => this.#log(level, text);
    const contents = () => toStored(this.#state, this.#lastReason, this.#time());
    this.#file = new StateFile(options.state, contents, log);
    this.#database = new GuardedDatabase(options.database, options.clock, this.#closed.signal, log);
  }

  /**
   * Loads the state, compares it with osquery's database, and begins to enroll if `enroll_always` asks for it. Otherwise
   * the first `obtain` or refusal begins. Never rejects: what cannot be read is logged. Takes 15 s at most, while core
   * does not answer.
   */
  async open(): Promise<void> {
    const loaded = fromStored(await this.#file.load(), this.#time());
    this.#state = loaded.state;
    this.#lastReason = loaded.lastReason;
    const { always, disabled } = this.#options.settings();
    if (always && !disabled) {
      this.#decide({ kind: 'gave_up', now: this.#clock.monotonic() });
      this.#lastReason = 'enroll_always';
      this.#onlyNew = true;
      this.#wanted = true;
    } else {
      await this.#compare();
      if (this.#state.key !== undefined && this.#current === undefined) this.#publish(this.#state.key);
    }
    if (this.#closed.signal.aborted) return;
    this.#opened = true;
    this.#answerWaiters();
    this.#running = this.#run();
  }

  /** The key to use now. Blank only with a client certificate. */
  get key(): string | undefined {
    return this.#current?.key;
  }

  /**
   * Waits for a key, at most `maxWaitMs`. It joins the series that is on, or begins one. `none` comes at once when the
   * next attempt is further away than that, or when the series has failed as often as `maxAttempts` says and rests. The
   * series goes on behind. With enrollment disabled and no key the answer is the key `''`, as in the built-in client.
   * @throws {unknown} `signal.reason`, as soon as `signal` is aborted.
   */
  async obtain(options: { readonly maxWaitMs: number; readonly signal?: AbortSignal }): Promise<Obtained> {
    const { maxWaitMs, signal } = options;
    signal?.throwIfAborted();
    if (this.#current !== undefined) return { kind: 'key', key: this.#current.key };
    this.#wanted = true;
    if (this.#opened && !this.#inFlight) this.#look();
    this.#pause.wake();
    const answer = this.#answer(maxWaitMs);
    if (answer !== undefined) return answer;
    return this.#waiters.wait(
      maxWaitMs,
      () => this.#none(`no node key within ${secondsOf(maxWaitMs)}`),
      signal,
    );
  }

  /**
   * The server said `node_invalid` to a request that carried `key`. Ignored unless that is the current key. With
   * `disable_reenrollment` and `disable_enrollment` the key is kept (the built-in client clears it with the latter, and
   * then sends none for ever), unless osquery's database has a newer one.
   */
  refused(key: string, reason: string): void {
    const current = this.#current;
    if (current === undefined || current.key !== key || this.#state.key !== current) return;
    const now = this.#clock.monotonic();
    const { disabled, disableReenrollment } = this.#options.settings();
    const said = this.#clean(reason);
    if (disabled || disableReenrollment) {
      this.#lastError = `the node key was refused: ${said}`;
      if (this.#kept !== current) {
        const flag = disabled ? 'disable_enrollment' : 'disable_reenrollment';
        this.#log('warning', `the server refused the node key, which is kept (--${flag}): ${said}`);
      }
      this.#kept = current;
      this.#compareAt = now;
    } else {
      this.#decide({ kind: 'refused', wallS: this.#clock.now() / 1_000, now, random: this.#random() });
      this.#lastReason = `refused: ${said}`;
      this.#readDue = true;
      this.#wanted = true;
      void this.#file.save();
      const wait = waitMs(this.#state, now);
      const when = wait === 0 ? 'at once' : `in ${secondsOf(wait)}`;
      this.#log('warning', `the server refused the node key (${said}); enrolling again ${when}`);
      this.#publish(undefined);
    }
    this.#pause.wake();
  }

  /** `listener` is called with each new current key, and with undefined when the key is given up. @returns ends that. */
  onKey(listener: (key: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): EnrollmentStatus {
    const waits = this.#wanted && this.#state.key === undefined && !this.#inFlight;
    const nextAttemptMs = waitMs(this.#state, this.#clock.monotonic());
    return {
      enrolled: this.#current !== undefined,
      ...(this.#current && { keyTime: this.#current.time }),
      lastReason: this.#lastReason,
      lastError: this.#lastError,
      attempts: this.#state.attempts,
      ...(waits && !this.#options.settings().disabled && { nextAttemptMs }),
    };
  }

  /** Ends the series where it is, answers all that wait, and finishes a save that is under way. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('closing'));
    this.#pause.wake();
    this.#answerWaiters();
    await this.#running;
    await this.#file.saved();
  }

  async #run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const restMs = await this.#step();
      this.#answerWaiters();
      if (restMs !== 0) await this.#pause.rest(restMs);
    }
  }

  /** Does what is due. @returns how long to rest then: 0 not at all, undefined until something happens. */
  async #step(): Promise<number | undefined> {
    const settings = this.#options.settings();
    if (this.#state.key === undefined && this.#wanted && !settings.disabled) return this.#enroll(settings);
    if (this.#compareAt === undefined) return undefined;
    const wait = this.#compareAt - this.#clock.monotonic();
    if (wait > 0) return wait;
    await this.#compare();
    return 0;
  }

  async #enroll(settings: EnrollmentSettings): Promise<number> {
    this.#look();
    const wait = waitMs(this.#state, this.#clock.monotonic());
    if (wait > 0 && !this.#readDue) return Math.min(wait, lookMs);
    this.#readDue = false;
    const found = this.#onlyNew ? undefined : await this.#database.read().catch(() => undefined);
    if (found !== undefined && isNewer(found, this.#state)) await this.#take(found, fromDatabase, true);
    else if (wait === 0 && !this.#closed.signal.aborted) await this.#attempt(settings);
    return 0;
  }

  async #attempt({ clientCertificate }: EnrollmentSettings): Promise<void> {
    const { signal } = this.#closed;
    this.#inFlight = true;
    this.#decide({ kind: 'began', now: this.#clock.monotonic(), random: this.#random() });
    await this.#file.save();
    const result = await attempt(this.#clock, this.#options.request, { clientCertificate, signal });
    this.#inFlight = false;
    if (signal.aborted) return;
    if (result.kind === 'enrolled') {
      await this.#take(result.key, this.#lastReason || 'first enrollment', false);
      return;
    }
    const { attempts } = this.#state;
    const now = this.#clock.monotonic();
    this.#lastError = this.#clean(result.reason);
    this.#decide({ kind: result.kind, afterMs: result.afterMs, now, random: this.#random() });
    if (result.kind === 'failed') {
      const next = secondsOf(waitMs(this.#state, now));
      this.#log('warning', `enroll attempt ${attempts} failed: ${this.#lastError}; next in ${next}`);
    }
    await this.#file.save();
  }

  /** Stores a key, then gives it out. @param durable it stands in osquery's database already. */
  async #take(key: NodeKey, reason: string, durable: boolean): Promise<void> {
    this.#decide({ kind: 'took', key });
    this.#lastReason = reason;
    if (durable) await this.#file.save();
    else if (!(await storeKey(key, this.#file, this.#database, this.#clock, this.#closed.signal))) return;
    this.#lastError = '';
    this.#onlyNew = false;
    this.#compareAt = this.#clock.monotonic();
    this.#log('info', durable ? `took the node key ${reason}` : `enrolled (${reason})`);
    this.#publish(key);
  }

  /** Brings our key and the one in osquery's database together: the newer wins. Also saves what could not be saved. */
  async #compare(): Promise<void> {
    this.#compareAt = undefined;
    let agreed = (await this.#file.saved()) || (await this.#file.save());
    try {
      const found = await this.#database.read();
      if (found !== undefined && isNewer(found, this.#state)) {
        await this.#take(found, fromDatabase, true);
        return;
      }
      const { key } = this.#state;
      if (key !== undefined && key.key !== '' && found?.key !== key.key) {
        agreed = (await this.#database.write(key)) && agreed;
      }
    } catch {
      agreed = false;
    }
    this.#compareFailures = agreed ? 0 : this.#compareFailures + 1;
    if (!agreed) this.#compareAt ??= this.#clock.monotonic() + growingMs(this.#compareFailures, compareAgain);
  }

  #look(): void {
    try {
      const mark = this.#options.secretMark?.();
      if (mark !== undefined) this.#decide({ kind: 'looked', mark, now: this.#clock.monotonic() });
    } catch {
      // As long as nobody can say whether the secret changed, it did not.
    }
  }

  /** What can be said at once to a call that waits, and would for another `maxWaitMs`. */
  #answer(maxWaitMs: number): Obtained | undefined {
    if (this.#closed.signal.aborted) return { kind: 'none', reason: 'closing' };
    if (!this.#opened) return undefined;
    if (this.#current !== undefined) return { kind: 'key', key: this.#current.key };
    const settings = this.#options.settings();
    if (settings.disabled) return { kind: 'key', key: '' };
    const wait = this.#inFlight || this.#readDue ? 0 : waitMs(this.#state, this.#clock.monotonic());
    if (!isHopeless(this.#state, wait, maxWaitMs, settings)) return undefined;
    return this.#none(`not enrolled, next attempt in ${secondsOf(wait)}`);
  }

  #answerWaiters(): void {
    const answer = this.#waiters.size === 0 ? undefined : this.#answer(Infinity);
    if (answer !== undefined) this.#waiters.answer(answer);
  }

  #none(what: string): Obtained {
    return { kind: 'none', reason: this.#lastError === '' ? what : `${what}: ${this.#lastError}` };
  }

  #publish(key: NodeKey | undefined): void {
    this.#current = key;
    for (const listener of [...this.#listeners]) listener(key?.key);
    this.#answerWaiters();
  }

  #decide(event: EnrollmentEvent): void {
    this.#state = decide(this.#state, event, this.#options.settings());
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #time(): { now: number; wall: number } {
    return { now: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  #clean(text: string): string {
    return clean(text, [this.#current?.key, this.#state.key?.key, this.#state.refused?.key]);
  }

  #log(level: 'info' | 'warning' | 'error', text: string): void {
    this.#options.log(level, this.#clean(text));
  }
}
