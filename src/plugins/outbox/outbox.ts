import { randomBytes } from 'node:crypto';
import type { StreamName } from '../../api.ts';
import type { Clock } from '../../clock/index.ts';
import { AsideLines } from './aside.ts';
import type { Deliver, RecordKind } from './batch.ts';
import { type Caps, defaultCaps } from './caps.ts';
import { type Counters, newCounters } from './counters.ts';
import { defaultForwardSettings, Forwarder, type ForwardSettings } from './forward/index.ts';
import { type AppendOptions, Journal, type SegmentFiles, type SyncMode } from './journal/index.ts';
import { type LookupStore, Lookups, type StreamState } from './lookups.ts';
import type { Loss } from './loss.ts';
import { LossReport } from './loss-report.ts';
import { newQuarantine, type Quarantine } from './quarantine.ts';
import { type StreamStats, streamStats } from './stats.ts';

export interface OutboxOptions {
  /** Directory of the journal files; made with mode 0700 if need be. Nobody else may use it. */
  readonly dir: string;
  readonly clock: Clock;
  /** Takes the lines of a stream to the server. */
  readonly deliver: Record<StreamName, Deliver>;
  /** Default: as `defaultForwardSettings`. Asked before each decision. */
  readonly settings?: (stream: StreamName) => ForwardSettings;
  readonly caps?: Partial<Caps>;
  /** Default `interval`. */
  readonly sync?: SyncMode;
  /** From 0 to 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
  /**
   * Told of lost lines, added up: a second after the first, then ten seconds after the last, while more are lost at most
   * once a minute; for each stream and reason. It may append. A line that `tellsOf` the loss and is itself dropped makes it
   * be told again, when there is room.
   */
  readonly onLoss?: (loss: Loss) => void;
  readonly log?: (severity: 'info' | 'warning' | 'error', message: string) => void;
  /** For tests: how journal files are written. */
  readonly files?: SegmentFiles;
}

/** A record of `distributed` that waits. */
export interface WaitingResult {
  readonly tag: string;
  /** Wall-clock milliseconds. */
  readonly acceptedAt: number;
}

const streamNames: readonly StreamName[] = ['result', 'status', 'distributed'];
const tickMs = 1000;

/**
 * Keeps what osqueryd handed over until the server has it. `append` works from the first moment on, before the store
 * is open and when the disk refuses, then in bounded memory.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #caps: Caps;
  readonly #journal: Journal;
  readonly #losses: LossReport;
  /** Lines that never go out, or that the server has refused for themselves. */
  readonly quarantine: Quarantine;
  readonly #counters: Record<StreamName, Counters>;
  #lookups: Lookups | undefined;
  #aside: AsideLines | undefined;
  #forwarders: Partial<Record<StreamName, Forwarder>> = {};
  #stopTicking: () => void;
  #savingLosses = false;
  #unsavedLosses = false;
  #paused = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#caps = { ...defaultCaps, ...options.caps };
    this.#counters = { result: newCounters(), status: newCounters(), distributed: newCounters() };
    this.#losses = new LossReport({
      clock: options.clock,
      hasRoom: () => this.#journal.hasRoom('status'),
      tell: (loss) => this.#tellLoss(loss),
    });
    this.#journal = new Journal({
      dir: options.dir,
      writer: randomBytes(16).toString('hex'),
      clock: options.clock,
      caps: this.#caps,
      sync: options.sync ?? 'interval',
      onLoss: (loss) => this.#lost(loss),
      onUntold: (loss) => this.#losses.addAgain(loss),
      onDisk: (error) => this.#diskChanged(error),
      ...(options.files === undefined ? {} : { files: options.files }),
    });
    this.quarantine = newQuarantine({
      aside: () => this.#aside,
      append: (stream, kind, bytes, appendOptions) => this.append(stream, kind, bytes, appendOptions),
      onLoss: (loss) => this.#lost(loss),
      save: () => this.#save(),
    });
    this.#stopTicking = options.clock.interval(tickMs, () => this.#tick());
  }

  /** The id under which this opening numbers its records. */
  get writer(): string {
    return this.#journal.writer;
  }

  /**
   * Reads what earlier openings left, and starts to send. A journal directory that cannot be used is no error: records
   * wait in memory and it is tried again.
   * @param store where positions and lines set aside are kept. Without one (a level that cannot be opened), give
   * `memoryStore()`: then lines of earlier openings are sent again, and none is lost.
   * @throws what `store` says when it cannot be read.
   */
  async open(store: LookupStore): Promise<void> {
    const lookups = new Lookups(store, (error) => this.#log('warning', `storing positions: ${text(error)}`));
    const aside = new AsideLines(lookups, this.#caps, (loss) => this.#lost(loss));
    await aside.load();
    const states = await lookups.loadStates();
    await this.#journal.open(states);
    this.#lookups = lookups;
    this.#aside = aside;
    for (const stream of streamNames) {
      const counters = this.#counters[stream];
      counters.delivered += states[stream]?.delivered ?? 0;
      counters.dropped += states[stream]?.dropped ?? 0;
      counters.batches += states[stream]?.batches ?? 0;
      for (const loss of states[stream]?.unreported ?? []) this.#losses.add(loss);
      this.#forwarders[stream] = this.#newForwarder(stream, aside, states[stream]?.limitBytes);
    }
    await this.#save();
    if (this.#closed) return;
    for (const stream of streamNames) this.#forwarders[stream]?.start();
  }

  /** Takes a record. Synchronous, a few microseconds; never throws. */
  append(stream: StreamName, kind: RecordKind, bytes: Uint8Array, options?: AppendOptions): void {
    try {
      this.#journal.append(stream, kind, bytes, options);
    } catch (error) {
      if (options?.tellsOf === undefined) {
        this.#lost({ stream, lines: options?.lines ?? 1, reason: 'memory' });
      } else this.#losses.addAgain(options.tellsOf);
      this.#log('error', `a record could not be kept: ${text(error)}`);
      return;
    }
    const queue = this.#journal.queue(stream);
    this.#forwarders[stream]?.appended(queue.lines, queue.bytes);
  }

  /** Distributed results that wait, by the key given at `append`. The newest where a key has several. */
  waiting(): Map<string, WaitingResult> {
    const waiting = new Map<string, WaitingResult>();
    for (const { key, tag, acceptedAt } of this.#aside?.list('distributed', 'held') ?? []) {
      if (key !== '') waiting.set(key, { tag, acceptedAt });
    }
    for (const [key, records] of this.#journal.queue('distributed').keys.map) {
      const newest = records.at(-1);
      if (newest !== undefined) waiting.set(key, { tag: newest.tag, acceptedAt: newest.acceptedAt });
    }
    return waiting;
  }

  /** What waits under `key` in `distributed` is not sent any more. It counts as dropped. */
  cancel(key: string): void {
    this.#cancelHeld(key);
    if (!this.#journal.queue('distributed').keys.map.has(key)) return;
    this.#journal.append('distributed', 'cancel', new Uint8Array(0), { key, lines: 0 });
  }

  /** Puts a result in the place of those that wait under its key. */
  replaceWaiting(bytes: Uint8Array, options: AppendOptions & { readonly key: string }): void {
    this.#cancelHeld(options.key);
    this.append('distributed', 'results', bytes, { ...options, replaces: true });
  }

  stats(): StreamStats[] {
    const now = this.#options.clock.now();
    return streamNames.map((stream) => {
      const wait = this.#forwarders[stream]?.nextAttemptMs;
      return streamStats(stream, this.#counters[stream], this.#journal, this.#aside, wait, now);
    });
  }

  /** Sends nothing until `resume`, for want of a node key. */
  pause(): void {
    this.#paused = true;
    for (const stream of streamNames) this.#forwarders[stream]?.pause();
  }

  /** Goes on at once. */
  resume(): void {
    this.#paused = false;
    for (const stream of streamNames) this.#forwarders[stream]?.resume();
  }

  /** New caps, from the next line on, and a new decision of every stream: `settings` may say something else too. */
  update({ caps }: { readonly caps: Partial<Caps> }): void {
    Object.assign(this.#caps, caps);
    this.wake();
  }

  /** Decides anew, for example after settings have changed. */
  wake(): void {
    for (const stream of streamNames) this.#forwarders[stream]?.wake();
  }

  /** Sends everything now. @returns whether nothing is left; false when `signal` was aborted before. */
  async flush(signal: AbortSignal): Promise<boolean> {
    const done = await Promise.all(
      streamNames.map(
        (stream) => this.#forwarders[stream]?.flush(signal) ?? this.#journal.queue(stream).lines === 0,
      ),
    );
    return done.every((empty) => empty);
  }

  /** Stops sending, and sees to it that the disk has everything. Lines that wait are sent after the next opening. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTicking();
    await Promise.all(streamNames.map((stream) => this.#forwarders[stream]?.stop()));
    this.#losses.reportAll();
    const error = await this.#journal.close();
    if (error !== undefined) this.#log('error', `syncing the journal: ${text(error)}`);
    await this.#save();
  }

  #newForwarder(stream: StreamName, aside: AsideLines, limitBytes: number | undefined): Forwarder {
    const { deliver, settings, clock, random } = this.#options;
    const forwarder = new Forwarder({
      stream,
      journal: this.#journal,
      aside,
      counters: this.#counters[stream],
      deliver: deliver[stream],
      settings: () => settings?.(stream) ?? defaultForwardSettings,
      clock,
      random: random ?? Math.random,
      limitBytes,
      save: () => this.#save(),
    });
    if (this.#paused) forwarder.pause();
    return forwarder;
  }

  #tick(): void {
    this.#journal.retryDisk();
    this.#journal.enforceCaps();
    this.#losses.report();
    void this.#journal.sync().then((error) => {
      if (error !== undefined) this.#log('warning', `syncing the journal: ${text(error)}`);
    });
    void this.#save();
  }

  async #save(): Promise<void> {
    const lookups = this.#lookups;
    if (lookups === undefined) return;
    for (const stream of streamNames) {
      const stored = this.#journal.position(stream);
      if (stored === undefined) continue;
      const { delivered, dropped, batches } = this.#counters[stream];
      const limitBytes = this.#forwarders[stream]?.limitBytes;
      const state: StreamState = {
        ...stored,
        delivered,
        dropped,
        batches,
        unreported: this.#losses.pending(stream),
        ...(limitBytes === undefined ? {} : { limitBytes }),
      };
      lookups.putState(stream, state);
    }
    const emptied = this.#journal.takeEmptied();
    await lookups.save({ sync: emptied.length > 0 && this.#options.sync !== 'never' });
    this.#journal.removeSegments(emptied);
  }

  #cancelHeld(key: string): void {
    for (const entry of this.#aside?.list('distributed', 'held') ?? []) {
      if (entry.key !== key || !this.#aside?.remove(entry.id)) continue;
      this.#lost({ stream: 'distributed', lines: 1, reason: 'replaced' });
    }
  }

  #lost(loss: Loss): void {
    this.#counters[loss.stream].dropped += loss.lines;
    this.#losses.add(loss);
    void this.#saveLosses();
  }

  /** Soon, but not for each line anew: a crash is to find losses that are reported, or lines that are still there. */
  async #saveLosses(): Promise<void> {
    this.#unsavedLosses = true;
    if (this.#savingLosses) return;
    this.#savingLosses = true;
    while (this.#unsavedLosses) {
      this.#unsavedLosses = false;
      await this.#save();
    }
    this.#savingLosses = false;
  }

  #tellLoss(loss: Loss): void {
    try {
      this.#options.onLoss?.(loss);
    } catch (error) {
      this.#log('error', `reporting lost lines: ${text(error)}`);
    }
  }

  #diskChanged(error: unknown): void {
    if (error === undefined) this.#log('info', 'the journal is written as usual again');
    else this.#log('error', `lines wait in memory: ${text(error)}`);
  }

  #log(severity: 'info' | 'warning' | 'error', message: string): void {
    this.#options.log?.(severity, message);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
