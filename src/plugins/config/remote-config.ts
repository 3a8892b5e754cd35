import { createHash } from 'node:crypto';
import type { Clock } from '../../clock/index.ts';
import type { Complaints } from '../complaints.ts';
import type { RemoteApi } from '../remote-api.ts';
import type { Store } from '../store/index.ts';
import { type Fetched, fetchConfig, tellOf } from './fetch-config.ts';

/** osqueryd gives up a call after 300 s; its start waits for this one. */
const answerMs = 55_000;
/** With a configuration to fall back on, nobody has to wait that long. */
const answerWithFallbackMs = 25_000;
const storeKey = 'config!last';
/** Between attempts to fetch what osqueryd does not ask for again. */
const firstPushMs = 10_000;
const longestPushMs = 300_000;

export interface RemoteConfigOptions {
  readonly api: RemoteApi;
  readonly store: Store;
  readonly clock: Clock;
  readonly version: () => string;
  /** `config_refresh` in seconds; 0 means that osqueryd never asks again. */
  readonly refreshS: () => number;
  /** Hands a configuration to osqueryd, outside of any plugin call. */
  readonly push: (config: string) => Promise<void>;
  /** Told after osqueryd was given a configuration: flags may change. */
  readonly onServed: () => void;
  readonly complaints: Complaints;
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void;
}

/** What is known of the configuration, for the table `remote_status`. */
export interface ConfigStatus {
  /** SHA-1 of the text, as osqueryd's own `config_hash` is made of; empty if there is none. */
  readonly hash: string;
  /** Wall-clock milliseconds at which the server gave it, 0 for never. */
  readonly fetchedAt: number;
  /** Whether osqueryd was last given the one that was kept, because no new one could be had. */
  readonly stale: boolean;
}

interface LastConfig {
  readonly text: string;
  readonly fetchedAt: number;
}

/**
 * The configuration from the server. The last good one is kept on disk and served when the server is away or answers
 * nonsense, also at the start.
 */
export class RemoteConfig {
  readonly #options: RemoteConfigOptions;
  readonly #closed = new AbortController();
  #last: LastConfig | undefined;
  #stale = false;
  #pushing = false;
  readonly #served: Promise<void>;
  #isServed: () => void = () => {};

  constructor(options: RemoteConfigOptions) {
    this.#options = options;
    this.#served = new Promise((resolve) => {
      this.#isServed = resolve;
    });
  }

  async open(): Promise<void> {
    const last = await this.#options.store.get<LastConfig>(storeKey);
    if (typeof last?.text === 'string') this.#last = last;
  }

  /**
   * Answers osqueryd within a minute.
   * @throws {Error} with the reason, when there is no configuration at all
   */
  async genConfig(): Promise<string> {
    const fetched = await this.#fetch(this.#last === undefined ? answerMs : answerWithFallbackMs);
    this.#stale = fetched.kind === 'none';
    tellOf('config', fetched, this.#last !== undefined, this.#options);
    if (fetched.kind === 'none') this.#fetchInBackground();
    const text = fetched.kind === 'config' ? fetched.text : this.#last?.text;
    if (text === undefined) throw new Error(fetched.kind === 'none' ? fetched.reason : '');
    this.#isServed();
    this.#options.onServed();
    return text;
  }

  /** Resolves when osqueryd was first given a configuration. @throws {unknown} `signal.reason` */
  served(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      void this.#served.then(resolve);
    });
  }

  status(): ConfigStatus {
    const { text, fetchedAt = 0 } = this.#last ?? {};
    return { hash: text === undefined ? '' : sha1(text), fetchedAt, stale: this.#stale };
  }

  close(): void {
    this.#closed.abort(new Error('closed'));
  }

  async #fetch(limitMs: number): Promise<Fetched> {
    const { api, clock, version } = this.#options;
    const fetched = await fetchConfig({ api, clock, version, limitMs, signal: this.#closed.signal });
    if (fetched.kind === 'config') await this.#keep(fetched.text);
    return fetched;
  }

  async #keep(text: string): Promise<void> {
    const { store, clock, log } = this.#options;
    const changed = text !== this.#last?.text;
    this.#last = { text, fetchedAt: clock.now() };
    if (!changed) return;
    log('info', `config: new configuration, ${text.length} characters, SHA-1 ${sha1(text)}`);
    await store
      .put(storeKey, this.#last)
      .catch((error: unknown) => log('warning', `config: it could not be kept: ${error}`));
  }

  /** osqueryd asks once and never again when `config_refresh` is 0: then the configuration is brought to it. */
  #fetchInBackground(): void {
    if (this.#pushing || this.#options.refreshS() > 0) return;
    this.#pushing = true;
    const { clock, push, complaints, log, onServed } = this.#options;
    const run = async () => {
      for (let waitMs = firstPushMs; ; waitMs = Math.min(longestPushMs, waitMs * 2)) {
        await clock.sleep(waitMs, this.#closed.signal);
        const fetched = await this.#fetch(answerMs);
        if (fetched.kind === 'none') continue;
        tellOf('config', fetched, true, this.#options);
        try {
          await push(fetched.text);
        } catch (error) {
          complaints.about('config/update', `osqueryd has not taken the configuration: ${messageOf(error)}`);
          continue;
        }
        complaints.over('config/update');
        this.#stale = false;
        log('info', 'config: handed to osqueryd, which would not have asked again (config_refresh is 0)');
        this.#isServed();
        onServed();
        return;
      }
    };
    run()
      .catch(() => {
        // It ends.
      })
      .finally(() => {
        this.#pushing = false;
      });
  }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
