import type { StreamName } from '../../../api.ts';
import type { Clock } from '../../../clock/index.ts';
import type { AsideLines } from '../aside.ts';
import type { Batch, Deliver, Delivery } from '../batch.ts';
import type { Counters } from '../counters.ts';
import type { Journal, Taken } from '../journal/index.ts';
import {
  type Answered,
  type ForwardState,
  hurry,
  learn,
  learnHeld,
  type Plan,
  pause,
  plan,
  resume,
  startState,
  type View,
} from './decide.ts';
import { heldLine, unfitLine } from './set-aside.ts';
import type { ForwardSettings } from './settings.ts';
import { never, type Threshold, WakeableWait } from './wakeable-wait.ts';

export interface ForwarderOptions {
  readonly stream: StreamName;
  readonly journal: Journal;
  readonly aside: AsideLines;
  readonly counters: Counters;
  readonly deliver: Deliver;
  readonly settings: () => ForwardSettings;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** What the server showed in an earlier opening. */
  readonly limitBytes: number | undefined;
  /** Stores positions and lines set aside. Never rejects. */
  readonly save: () => Promise<void>;
}

/** Drains one stream: does what `plan` says and tells `learn` what came of it. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #stop = new AbortController();
  #state: ForwardState;
  /** As they were when it was last decided. */
  #settings: ForwardSettings;
  #running: Promise<void> | undefined;
  readonly #pause: WakeableWait;
  #flushes = 0;
  #onEmpty: (() => void)[] = [];

  constructor(options: ForwarderOptions) {
    this.#options = options;
    const { aside, stream, settings, clock, limitBytes } = options;
    const held = aside.list(stream, 'held').map((entry) => entry.id);
    this.#pause = new WakeableWait(clock);
    this.#settings = settings();
    this.#state = startState(this.#settings, clock.monotonic(), limitBytes, held);
  }

  /** Largest body that the server takes, as far as it has shown. */
  get limitBytes(): number | undefined {
    return this.#state.size.limitBytes;
  }

  /** Milliseconds until the next attempt, 0 while one is made or nothing keeps it, undefined when paused. */
  get nextAttemptMs(): number | undefined {
    if (this.#state.paused) return undefined;
    return Math.max(0, this.#state.notBefore - this.#options.clock.monotonic());
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends what is under way; its lines stay. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the outbox is closing'));
    this.wake();
    await this.#running;
    this.#tellEmpty();
  }

  /** Sends nothing until `resume`. A request that is under way goes on. */
  pause(): void {
    this.#state = pause(this.#state);
    this.wake();
  }

  resume(): void {
    this.#state = resume(this.#state, this.#options.clock.monotonic());
    this.wake();
  }

  /** Decides anew now, for example with changed settings. */
  wake(): void {
    this.#pause.wake();
  }

  /** Lines were appended. Cheap. */
  appended(lines: number, bytes: number): void {
    this.#pause.appended(lines, bytes);
  }

  /** Sends everything, without waiting for the period. @returns whether nothing is left; false when aborted. */
  async flush(signal: AbortSignal): Promise<boolean> {
    const empty = () => this.#options.journal.queue(this.#options.stream).lines === 0;
    if (empty() || signal.aborted || this.#stop.signal.aborted) return empty();
    this.#flushes += 1;
    this.#state = hurry(this.#state, this.#options.clock.monotonic());
    this.wake();
    await new Promise<void>((resolve) => {
      this.#onEmpty.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#flushes -= 1;
    return empty();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const start = this.#options.clock.monotonic();
      try {
        await this.#step();
      } catch (error) {
        // A bug, here or in what was handed in. It must not end the process, and so osqueryd.
        this.#options.journal.reader(this.#options.stream).giveBack();
        this.#learnFailure(`unexpected: ${messageOf(error)}`, start);
      }
    }
  }

  async #step(): Promise<void> {
    const view = this.#view();
    if (view.lines === 0) this.#tellEmpty();
    this.#settings = this.#options.settings();
    const next = plan(this.#state, view, this.#settings);
    switch (next.kind) {
      case 'wait':
        return this.#pause.wait(next.ms, this.#threshold(view));
      case 'send':
        return this.#send(next, view);
      case 'send_held':
        return this.#sendHeld(next.id, view);
    }
  }

  #view(): View {
    const queue = this.#options.journal.queue(this.#options.stream);
    return {
      now: this.#options.clock.monotonic(),
      lines: queue.lines,
      bytes: queue.bytes,
      flushing: this.#flushes > 0,
    };
  }

  /** What may end a wait early. */
  #threshold(view: View): Threshold {
    const { notBefore, size, paused } = this.#state;
    if (paused || view.now < notBefore) return never;
    return view.lines === 0 ? { lines: 1, bytes: 1 } : size;
  }

  async #send(next: Plan & { kind: 'send' }, view: View): Promise<void> {
    const { journal, stream, aside, clock } = this.#options;
    const reader = journal.reader(stream);
    const readAt = clock.monotonic();
    let taken: Taken | undefined;
    try {
      taken = await reader.take(next.maxLines, next.maxBytes, next.alone ? 1 : Infinity);
    } catch (error) {
      this.#learnFailure(`reading the journal: ${messageOf(error)}`, readAt);
      return;
    }
    if (taken === undefined) {
      if (journal.queue(stream).lines > 0) this.#learnFailure('the journal gave nothing to send', readAt);
      return;
    }
    const { writer, records, firstRow, single } = taken;
    const maxLines = single ? 1 : next.maxLines;
    // Without the reading: a slow disk is no slow server.
    const start = clock.monotonic();
    const delivery = await this.#deliver({
      stream,
      writer,
      records,
      firstRow,
      maxLines,
      maxBytes: next.maxBytes,
    });
    if (delivery === undefined) {
      reader.giveBack();
      return;
    }
    if (delivery.answer.kind === 'delivered' && !goesOn(taken, delivery)) {
      reader.giveBack();
      this.#learnFailure('a delivery that did not get past its first line', start);
      return;
    }
    const alone = next.alone || (records.length === 1 && delivery.lines === 1);
    const mayHold = aside.mayHold(records[0]?.bytes.byteLength ?? 0);
    const partial = delivery.next.record <= (records.at(-1)?.number ?? 0);
    const full = partial || delivery.lines < view.lines;
    const event = { ...this.#answered(delivery, start, alone, full), partial, mayHold };
    const { state, verdict } = learn(this.#state, event, aside.nextId, this.#settings);
    this.#state = state;
    if (verdict === 'keep') {
      reader.giveBack();
      return;
    }
    const line = verdict === 'hold' ? heldLine(stream, taken, delivery, clock.now()) : undefined;
    if (line !== undefined) aside.add(line);
    for (const unfit of delivery.unfit) aside.add(unfitLine(stream, taken, unfit, clock.now()));
    reader.settle(delivery.next);
    if (verdict === 'acknowledge') this.#delivered(delivery.lines + (delivery.dropped ?? 0));
    await this.#options.save();
  }

  async #sendHeld(id: number, view: View): Promise<void> {
    const { aside, stream, clock } = this.#options;
    const entry = await aside.read(id).catch(() => undefined);
    if (entry === undefined) {
      this.#state = { ...this.#state, held: this.#state.held.filter((line) => line.id !== id) };
      return;
    }
    const { writer, record, kind, bytes, acceptedAt, row } = entry;
    const start = clock.monotonic();
    const delivery = await this.#deliver({
      stream,
      writer,
      records: [{ number: record, kind, bytes, acceptedAt }],
      firstRow: row,
      maxLines: 1,
      maxBytes: Number.MAX_SAFE_INTEGER,
    });
    if (delivery === undefined) return;
    const event = this.#answered(delivery, start, true, view.lines > 0);
    const { state, verdict } = learnHeld(this.#state, event, id, this.#settings);
    this.#state = state;
    if (verdict === 'keep') return;
    // It can have been cancelled meanwhile.
    if (verdict === 'release' && aside.remove(id)) this.#delivered(delivery.lines + (delivery.dropped ?? 0));
    if (verdict === 'quarantine' && aside.get(id) !== undefined) {
      aside.quarantine(entry, reasonOf(delivery), clock.now());
    }
    await this.#options.save();
  }

  /** @returns undefined when it was aborted. */
  async #deliver(batch: Batch): Promise<Delivery | undefined> {
    try {
      return await this.#options.deliver(batch, this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      return failedDelivery(messageOf(error));
    }
  }

  #answered(delivery: Delivery, start: number, alone: boolean, full: boolean): Answered {
    const { answer, lines, bytes } = delivery;
    const { clock, random, counters } = this.#options;
    const now = clock.monotonic();
    if (answer.kind !== 'delivered') {
      counters.lastError = answer.reason;
      counters.lastErrorAt = clock.now();
    }
    return {
      answer,
      lines,
      bytes,
      tookMs: now - start,
      now,
      random: random(),
      full,
      partial: false,
      alone,
      mayHold: true,
    };
  }

  #learnFailure(reason: string, start: number): void {
    const delivery = failedDelivery(reason);
    const event = this.#answered(delivery, start, false, false);
    this.#state = learn(this.#state, event, 0, this.#settings).state;
  }

  #delivered(lines: number): void {
    const { counters, clock } = this.#options;
    counters.delivered += lines;
    if (lines === 0) return;
    counters.batches += 1;
    counters.lastDeliveredAt = clock.now();
  }

  #tellEmpty(): void {
    const waiting = this.#onEmpty;
    this.#onEmpty = [];
    for (const resolve of waiting) resolve();
  }
}

function goesOn(taken: Taken, { next }: Delivery): boolean {
  const first = taken.records[0]?.number ?? 0;
  return next.record > first || (next.record === first && next.row > taken.firstRow);
}

/** For what failed before there was a request. Nothing is acknowledged, so `next` does not matter. */
function failedDelivery(reason: string): Delivery {
  return { answer: { kind: 'retry', reason }, lines: 0, bytes: 0, next: { record: 0, row: 0 }, unfit: [] };
}

function reasonOf(delivery: Delivery): string {
  return delivery.answer.kind === 'delivered' ? '' : delivery.answer.reason;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
