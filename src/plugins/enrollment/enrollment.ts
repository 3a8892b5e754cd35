import type { Clock } from '../../clock/index.ts';
import { attempt } from './attempt.ts';
import { isHopeless, waitMs } from './decide.ts';
import { KeyKeeper } from './key-keeper.ts';
import type { NodeKey } from './node-key.ts';
import type { EnrollmentOptions, EnrollmentStatus, Obtained } from './options.ts';
import { Pause } from './pause.ts';
import type { EnrollmentSettings } from './settings.ts';
import { clean, secondsOf } from './text.ts';
import { Waiters } from './waiters.ts';

/** How often the secret and the settings are looked at during a wait. */
const lookMs = 5_000;

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
  readonly #keeper: KeyKeeper;
  readonly #closed = new AbortController();
  #lastError = '';
  #opened = false;
  #running: Promise<void> = Promise.resolve();
  /** Somebody needs a key. */
  #wanted = false;
  /** `enroll_always`: no key but a new one will do. */
  #onlyNew = false;
  /** The database is to be read before the series goes on. */
  #readDue = false;
  #inFlight = false;
  /** The key whose refusal changed nothing, to say so once. */
  #kept: NodeKey | undefined;

  constructor(options: EnrollmentOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#pause = new Pause(options.clock);
    this.#waiters = new Waiters(options.clock);
    this.#keeper = new KeyKeeper(options, this.#closed.signal, (level, text) => this.#log(level, text));
    this.#keeper.onKey((key) => {
      if (key === undefined) return;
      this.#lastError = '';
      this.#onlyNew = false;
      this.#answerWaiters();
    });
  }

  /**
   * Loads the state, compares it with osquery's database, and begins to enroll if `enroll_always` asks for it. Otherwise
   * the first `obtain` or refusal begins. Never rejects: what cannot be read is logged. Takes 10 s at most while core
   * does not answer.
   */
  async open(): Promise<void> {
    await this.#keeper.load();
    const { always, disabled } = this.#options.settings();
    if (always && !disabled) {
      this.#keeper.giveUp({ kind: 'gave_up', now: this.#clock.monotonic() }, 'enroll_always');
      this.#onlyNew = true;
      this.#wanted = true;
    } else {
      await this.#keeper.compare();
      this.#keeper.giveOut();
    }
    if (this.#closed.signal.aborted) return;
    this.#opened = true;
    this.#answerWaiters();
    this.#running = this.#run();
  }

  /** The key to use now. Blank only with a client certificate. */
  get key(): string | undefined {
    return this.#keeper.current?.key;
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
    if (this.key !== undefined) return { kind: 'key', key: this.key };
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
    const { current, state } = this.#keeper;
    if (current === undefined || current.key !== key || state.key !== current) return;
    const { disabled, disableReenrollment } = this.#options.settings();
    const said = this.#clean(reason);
    if (disabled || disableReenrollment) {
      this.#lastError = `the node key was refused: ${said}`;
      if (this.#kept !== current) {
        const flag = disabled ? 'disable_enrollment' : 'disable_reenrollment';
        this.#log('warning', `the server refused the node key, which is kept (--${flag}): ${said}`);
      }
      this.#kept = current;
      this.#keeper.compareSoon();
    } else {
      this.#readDue = true;
      this.#wanted = true;
      const now = this.#clock.monotonic();
      const wallS = this.#clock.now() / 1_000;
      this.#keeper.giveUp({ kind: 'refused', wallS, now, random: this.#random() }, `refused: ${said}`);
      const wait = waitMs(this.#keeper.state, now);
      const when = wait === 0 ? 'at once' : `in ${secondsOf(wait)}`;
      this.#log('warning', `the server refused the node key (${said}); enrolling again ${when}`);
    }
    this.#pause.wake();
  }

  /** `listener` is called with each new current key, and with undefined when the key is given up. @returns ends that. */
  onKey(listener: (key: string | undefined) => void): () => void {
    return this.#keeper.onKey(listener);
  }

  status(): EnrollmentStatus {
    const { current, state, lastReason } = this.#keeper;
    const waits = this.#wanted && state.key === undefined && !this.#inFlight;
    const nextAttemptMs = waitMs(state, this.#clock.monotonic());
    return {
      enrolled: current !== undefined,
      ...(current && { keyTime: current.time }),
      lastReason,
      lastError: this.#lastError,
      attempts: state.attempts,
      ...(waits && !this.#options.settings().disabled && { nextAttemptMs }),
    };
  }

  /** Ends the series where it is, answers all that wait, and finishes a save that is under way. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('closing'));
    this.#pause.wake();
    this.#answerWaiters();
    await this.#running;
    await this.#keeper.saved();
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
    if (this.#keeper.state.key === undefined && this.#wanted && !settings.disabled)
      return this.#enroll(settings);
    const due = this.#keeper.compareDueMs();
    if (due === 0) await this.#keeper.compare();
    return due;
  }

  async #enroll(settings: EnrollmentSettings): Promise<number> {
    this.#look();
    const wait = waitMs(this.#keeper.state, this.#clock.monotonic());
    if (wait > 0 && !this.#readDue) return Math.min(wait, lookMs);
    if (!this.#onlyNew) await this.#keeper.adopt().catch(() => undefined);
    this.#readDue = false;
    const still = this.#keeper.state.key === undefined && !this.#closed.signal.aborted;
    if (still && wait === 0) await this.#attempt(settings);
    return 0;
  }

  async #attempt({ clientCertificate }: EnrollmentSettings): Promise<void> {
    const { signal } = this.#closed;
    this.#inFlight = true;
    this.#keeper.decide({ kind: 'began', now: this.#clock.monotonic(), random: this.#random() });
    await this.#keeper.save();
    const result = await attempt(this.#clock, this.#options.request, { clientCertificate, signal });
    this.#inFlight = false;
    if (signal.aborted) return;
    if (result.kind === 'enrolled') {
      await this.#keeper.take(result.key);
      return;
    }
    const { attempts } = this.#keeper.state;
    const now = this.#clock.monotonic();
    const error = this.#clean(result.reason);
    // Said once: a series goes on for hours, and for the same reason as a rule.
    const level = error === this.#lastError ? 'info' : 'warning';
    this.#lastError = error;
    this.#keeper.decide({ kind: result.kind, afterMs: result.afterMs, now, random: this.#random() });
    if (result.kind === 'failed') {
      const next = secondsOf(waitMs(this.#keeper.state, now));
      this.#log(level, `enroll attempt ${attempts} failed: ${error}; next in ${next}`);
    }
    await this.#keeper.save();
  }

  #look(): void {
    try {
      const mark = this.#options.secretMark?.();
      if (mark !== undefined) this.#keeper.decide({ kind: 'looked', mark, now: this.#clock.monotonic() });
    } catch {
      // As long as nobody can say whether the secret changed, it did not.
    }
  }

  /** What can be said at once to a call that waits, and would for another `maxWaitMs`. */
  #answer(maxWaitMs: number): Obtained | undefined {
    if (this.#closed.signal.aborted) return { kind: 'none', reason: 'closing' };
    if (!this.#opened) return undefined;
    if (this.key !== undefined) return { kind: 'key', key: this.key };
    const settings = this.#options.settings();
    if (settings.disabled) return { kind: 'key', key: '' };
    const { state } = this.#keeper;
    const wait = this.#inFlight || this.#readDue ? 0 : waitMs(state, this.#clock.monotonic());
    if (!isHopeless(state, wait, maxWaitMs, settings)) return undefined;
    return this.#none(`not enrolled, next attempt in ${secondsOf(wait)}`);
  }

  #answerWaiters(): void {
    const answer = this.#waiters.size === 0 ? undefined : this.#answer(Infinity);
    if (answer !== undefined) this.#waiters.answer(answer);
  }

  #none(what: string): Obtained {
    return { kind: 'none', reason: this.#lastError === '' ? what : `${what}: ${this.#lastError}` };
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #clean(text: string): string {
    const { current, state } = this.#keeper;
    return clean(text, [current?.key, state.key?.key, state.refused?.key]);
  }

  #log(level: 'info' | 'warning' | 'error', text: string): void {
    this.#options.log(level, this.#clean(text));
  }
}
