import type { Clock } from '../../clock/index.ts';
import type { TransportReply } from '../transport/index.ts';
import {
  decide,
  type EnrollmentEvent,
  type EnrollmentState,
  hasSeenEnough,
  isNewer,
  noEnrollment,
  waitMs,
} from './decide.ts';
import type { NodeKey } from './node-key.ts';
import { Pause } from './pause.ts';
import type { EnrollmentSettings } from './settings.ts';
import { fromStored, type StoredEnrollment, toStored } from './stored.ts';
import { clean, textOf } from './text.ts';
import { Waiters } from './waiters.ts';
import { within } from './within.ts';

export interface EnrollmentOptions {
  readonly clock: Clock;
  /** From 0 to 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
  /** Called for each decision. */
  readonly settings: () => EnrollmentSettings;
  /** Our own durable state. What `load` returns is checked here. `save` is never called twice at a time. */
  readonly state: {
    load(): Promise<StoredEnrollment | undefined>;
    save(state: StoredEnrollment): Promise<void>;
  };
  /** osquery's own database, `configurations`/`nodeKey` and `nodeKeyTime`. May reject or hang while core is away. */
  readonly database: { read(): Promise<NodeKey | undefined>; write(key: NodeKey): Promise<void> };
  /** One enroll request. A rejection counts as a failed attempt. */
  readonly request: (signal: AbortSignal) => Promise<TransportReply>;
  /** Anything that changes when the enroll secret does. Looked at every 5 s while an attempt is waited for. */
  readonly secretMark?: () => string;
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void;
}

export type Obtained =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'none'; readonly reason: string };

export interface EnrollmentStatus {
  readonly enrolled: boolean;
  /** Unix seconds. */
  readonly keyTime?: number;
  /** Why the key was last replaced, or is being replaced. Empty if never. */
  readonly lastReason: string;
  /** Why the last attempt failed. Empty after a success. */
  readonly lastError: string;
  /** Attempts of the present series so far. */
  readonly attempts: number;
  /** Milliseconds until the next attempt, while one is waited for. */
  readonly nextAttemptMs?: number;
}

/** How often the secret and the settings are looked at during a wait. */
const lookMs = 5_000;
/** Core answers in milliseconds, or not at all. */
const databaseLimitMs = 5_000;
/** More than the transport takes for one attempt. Whatever hangs on the way ends here. */
const requestLimitMs = 120_000;
/** First and longest wait before the database is written again, and before the state is saved again. */
const syncAgainMs = { first: 10_000, longest: 600_000 };
const saveAgainMs = { first: 1_000, longest: 60_000 };

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
  readonly #random: () => number;
  readonly #pause: Pause;
  readonly #waiters: Waiters<Obtained>;
  readonly #listeners = new Set<(key: string | undefined) => void>();
  readonly #closed = new AbortController();
  #state: EnrollmentState = noEnrollment;
  /** The key that is given out. Lags behind `#state.key` until that is stored. */
  #current: NodeKey | undefined;
  #lastReason = '';
  #lastError = '';
  #opened = false;
  #running: Promise<void> = Promise.resolve();
  #saving: Promise<boolean> = Promise.resolve(true);
  #unsaved = false;
  /** Somebody needs a key. */
  #wanted = false;
  /** `enroll_always`: no key but a new one will do. */
  #onlyNew = false;
  /** The database is to be read before the series goes on. */
  #readDue = false;
  /** When osquery's database is to be compared with our key; undefined if they agree. */
  #syncAt: number | undefined;
  #syncFailures = 0;
  #inFlight = false;
  /** The key whose refusal changed nothing, to say so once. */
  #kept: NodeKey | undefined;

  constructor(options: EnrollmentOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
    this.#pause = new Pause(options.clock);
    this.#waiters = new Waiters(options.clock);
  }

  /**
   * Loads the state, compares it with osquery's database, and begins to enroll if `enroll_always` asks for it. Otherwise
   * the first `obtain` or refusal begins. Never rejects: what cannot be read is logged.
   */
  async open(): Promise<void> {
    const { state, settings } = this.#options;
    const stored = await state.load().catch((error) => {
      this.#log('error', `cannot read the enrollment state: ${textOf(error)}`);
      return undefined;
    });
    const loaded = fromStored(stored, this.#time());
    this.#state = loaded.state;
    this.#lastReason = loaded.lastReason;
    const { always, disabled } = settings();
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
   * series has failed as often as `maxAttempts` says and rests; it goes on behind.
   * @throws {unknown} `signal.reason`, as soon as `signal` is aborted.
   */
  async obtain(options: { maxWaitMs: number; signal?: AbortSignal }): Promise<Obtained> {
    const { maxWaitMs, signal } = options;
    signal?.throwIfAborted();
    this.#wanted = true;
    if (this.#opened && this.#current === undefined && !this.#inFlight) this.#look();
    const answer = this.#answer();
    this.#pause.wake();
    if (answer !== undefined) return answer;
    return this.#waiters.wait(
      maxWaitMs,
      () => this.#none(`no node key within ${maxWaitMs / 1_000} s`),
      signal,
    );
  }

  /** The server said `node_invalid` to a request that carried `key`. Ignored unless that is the current key. */
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
      this.#syncAt = now;
    } else {
      this.#decide({ kind: 'refused', wallS: this.#clock.now() / 1_000, now, random: this.#random() });
      this.#lastReason = `refused: ${said}`;
      this.#readDue = true;
      this.#wanted = true;
      void this.#save();
      const wait = waitMs(this.#state, now);
      const when = wait === 0 ? 'at once' : `in ${seconds(wait)}`;
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
    const waits = this.#wanted && this.#state.key === undefined && !this.#options.settings().disabled;
    return {
      enrolled: this.#current !== undefined,
      ...(this.#current && { keyTime: this.#current.time }),
      lastReason: this.#lastReason,
      lastError: this.#lastError,
      attempts: this.#state.attempts,
      ...(waits && !this.#inFlight && { nextAttemptMs: waitMs(this.#state, this.#clock.monotonic()) }),
    };
  }

  /** Ends the series where it is, answers all that wait, and finishes a save that is under way. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('closing'));
    this.#pause.wake();
    this.#answerWaiters();
    await this.#running;
    await this.#saving;
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
    if (this.#syncAt === undefined) return undefined;
    const wait = this.#syncAt - this.#clock.monotonic();
    if (wait > 0) return wait;
    await this.#compare();
    return 0;
  }

  async #enroll(settings: EnrollmentSettings): Promise<number> {
    this.#look();
    const wait = waitMs(this.#state, this.#clock.monotonic());
    if (wait > 0 && !this.#readDue) return Math.min(wait, lookMs);
    if (!this.#onlyNew) {
      this.#readDue = false;
      const found = await this.#read().catch(() => undefined);
      if (found !== undefined && isNewer(found, this.#state)) {
        await this.#take(found, 'found in the database of osquery', true);
        return 0;
      }
      if (wait > 0) return 0;
    }
    if (!this.#closed.signal.aborted) await this.#attempt(settings);
    return 0;
  }

  async #attempt(settings: EnrollmentSettings): Promise<void> {
    this.#inFlight = true;
    const time = Math.floor(this.#clock.now() / 1_000);
    this.#decide({ kind: 'began', now: this.#clock.monotonic(), random: this.#random() });
    await this.#save();
    let reply: TransportReply;
    try {
      reply = await within(this.#clock, requestLimitMs, this.#closed.signal, this.#options.request);
    } catch (error) {
      reply = { outcome: { kind: 'retry', reason: textOf(error) }, attempts: 1 };
    }
    this.#inFlight = false;
    if (this.#closed.signal.aborted) return;
    const { outcome } = reply;
    if (outcome.kind === 'delivered') {
      const key = Buffer.from(outcome.body).toString();
      if (key !== '' || settings.clientCertificate) {
        await this.#take({ key, time }, this.#lastReason || 'first enrollment', false);
        return;
      }
    }
    const afterMs = 'afterMs' in outcome ? outcome.afterMs : undefined;
    this.#lastError = this.#clean('reason' in outcome ? outcome.reason : 'the server sent a blank node key');
    const { attempts } = this.#state;
    const now = this.#clock.monotonic();
    if (reply.attempts === 0) {
      this.#decide({ kind: 'unsent', afterMs, now });
    } else {
      this.#decide({ kind: 'failed', afterMs, now, random: this.#random() });
      const next = seconds(waitMs(this.#state, now));
      this.#log('warning', `enroll attempt ${attempts} failed: ${this.#lastError}; next in ${next}`);
    }
    await this.#save();
  }

  /** Stores a key, then gives it out. @param durable it stands in osquery's database already. */
  async #take(key: NodeKey, reason: string, durable: boolean): Promise<void> {
    this.#decide({ kind: 'took', key });
    this.#lastReason = reason;
    for (let failures = 1; !(await this.#save()) && !durable; failures++) {
      if (key.key !== '' && (await this.#write(key))) break;
      await this.#clock.sleep(growing(saveAgainMs, failures), this.#closed.signal).catch(() => {});
      if (this.#closed.signal.aborted) return;
    }
    this.#lastError = '';
    this.#onlyNew = false;
    this.#syncAt = this.#clock.monotonic();
    this.#log('info', durable ? `node key ${reason}` : `enrolled (${reason})`);
    this.#publish(key);
  }

  /** Brings our key and the one in osquery's database together: the newer wins. Also saves what could not be saved. */
  async #compare(): Promise<void> {
    this.#syncAt = undefined;
    let agreed = !this.#unsaved || (await this.#save());
    try {
      const found = await this.#read();
      if (found !== undefined && isNewer(found, this.#state)) {
        await this.#take(found, 'found in the database of osquery', true);
        this.#syncAt = undefined;
      }
      const { key } = this.#state;
      if (key !== undefined && key.key !== '' && found?.key !== key.key)
        agreed = (await this.#write(key)) && agreed;
    } catch {
      agreed = false;
    }
    this.#syncFailures = agreed ? 0 : this.#syncFailures + 1;
    if (!agreed) this.#syncAt ??= this.#clock.monotonic() + growing(syncAgainMs, this.#syncFailures);
  }

  async #read(): Promise<NodeKey | undefined> {
    const { database } = this.#options;
    return within(this.#clock, databaseLimitMs, this.#closed.signal, () => database.read());
  }

  async #write(key: NodeKey): Promise<boolean> {
    const { database } = this.#options;
    try {
      await within(this.#clock, databaseLimitMs, this.#closed.signal, () => database.write(key));
      return true;
    } catch (error) {
      const again = 'it is tried again later';
      if (this.#syncFailures === 0) {
        this.#log(
          'warning',
          `the node key is not in the database of osquery yet: ${this.#clean(textOf(error))}; ${again}`,
        );
      }
      return false;
    }
  }

  /** One after the other, and each writes what is true when its turn comes. */
  #save(): Promise<boolean> {
    this.#saving = this.#saving.then(async () => {
      try {
        await this.#options.state.save(toStored(this.#state, this.#lastReason, this.#time()));
        this.#unsaved = false;
        return true;
      } catch (error) {
        if (!this.#unsaved)
          this.#log('error', `cannot save the enrollment state: ${this.#clean(textOf(error))}`);
        this.#unsaved = true;
        this.#syncAt ??= this.#clock.monotonic() + syncAgainMs.first;
        return false;
      }
    });
    return this.#saving;
  }

  #look(): void {
    try {
      const mark = this.#options.secretMark?.();
      if (mark !== undefined) this.#decide({ kind: 'looked', mark, now: this.#clock.monotonic() });
    } catch {
      // As long as nobody can say whether the secret changed, it did not.
    }
  }

  /** What can be said at once to a call that waits. */
  #answer(): Obtained | undefined {
    if (this.#closed.signal.aborted) return { kind: 'none', reason: 'closing' };
    if (!this.#opened) return undefined;
    if (this.#current !== undefined) return { kind: 'key', key: this.#current.key };
    const settings = this.#options.settings();
    if (settings.disabled) return { kind: 'key', key: '' };
    const rests = !this.#inFlight && waitMs(this.#state, this.#clock.monotonic()) > 0;
    if (rests && hasSeenEnough(this.#state, settings)) return this.#none('not enrolled');
    return undefined;
  }

  #answerWaiters(): void {
    const answer = this.#waiters.size === 0 ? undefined : this.#answer();
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

  #time(): { now: number; wall: number } {
    return { now: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  #clean(text: string): string {
    return clean(text, [this.#current?.key, this.#state.key?.key, this.#state.refused?.key]);
  }

  #log(level: 'info' | 'warning' | 'error', text: string): void {
    this.#options.log(level, text);
  }
}

function growing({ first, longest }: { first: number; longest: number }, failures: number): number {
  return Math.min(longest, first * 2 ** (failures - 1));
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
