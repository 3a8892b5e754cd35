import type { Clock } from '../../clock/index.ts';
import { callLimitMs } from './attempts.ts';
import { RemoteError } from './error.ts';
import { inWorker, type SpawnTransport, type TransportHost } from './host.ts';
import { interpret } from './interpret.ts';
import type { KeyReply, KeyRequest } from './key-hook.ts';
import { attemptMs } from './limits.ts';
import type { FromTransport, LogLevel, Stamp, ToTransport } from './messages.ts';
import type { TransportReply } from './outcome.ts';
import { pack } from './pack.ts';
import type { TransportRequest } from './request.ts';
import { restartDelayMs } from './restart.ts';
import type { TransportSettings } from './settings.ts';

/** Given on top of what a call may take by itself before the transport counts as hanging. */
const graceMs = 5_000;

/** The transport, as the socket thread uses it. */
export interface Transport {
  /**
   * Makes one call. Whatever happens in the transport, there is one reply: if its thread ends or hangs meanwhile, or is
   * about to be started again, the outcome is `retry`.
   * @throws {unknown} `signal.reason`, at once when it is aborted
   */
  request(request: TransportRequest, signal: AbortSignal): Promise<TransportReply>;
  /**
   * Asks the user's place for the node key, if there is one. Whatever happens, there is one reply.
   * @throws {unknown} `signal.reason`, at once when it is aborted
   */
  nodeKey(request: KeyRequest, signal: AbortSignal): Promise<KeyReply>;
  /** New settings, for every attempt from now on. */
  update(settings: TransportSettings): void;
  /** Ends the thread at once. Calls that are under way get `retry`. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly settings: TransportSettings;
  readonly clock: Clock;
  readonly log: (level: LogLevel, text: string) => void;
  /** Default: a worker thread without code of the user. */
  readonly spawn?: SpawnTransport;
}

/** Starts the transport and keeps it running. */
export function startTransport(options: TransportOptions): Transport {
  return new TransportClient(options);
}

/** Given between two tries of a transport module that cannot be used. */
const brokenMs = 60_000;

type Answer = Extract<FromTransport, { type: 'reply' | 'key' }>;
type Question = DistributiveOmit<Extract<ToTransport, { type: 'request' | 'key' }>, keyof Stamp | 'id'>;

/** Ends the wait for an answer: with the answer, or with the reason why there is none. */
type Settle = (answer: Answer | string) => void;

class TransportClient implements Transport {
  readonly #clock: Clock;
  readonly #log: TransportOptions['log'];
  readonly #spawn: SpawnTransport;
  readonly #pending = new Map<number, Settle>();
  #settings: TransportSettings;
  #host: TransportHost | undefined;
  /** The sleeps that the present transport asked for, and what ends them. */
  readonly #sleeps = new Map<number, AbortController>();
  #nextId = 1;
  #endsInARow = 0;
  #startsAt = 0;
  /** What was last said about the user's code. */
  #brokenFor = '';
  readonly #closed = new AbortController();

  constructor({ settings, clock, log, spawn = inWorker() }: TransportOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#spawn = spawn;
    this.#start();
  }

  async request(request: TransportRequest, signal: AbortSignal): Promise<TransportReply> {
    signal.throwIfAborted();
    const host = this.#host;
    if (host === undefined) return this.#unavailable(request);
    const { packed, transfer } = pack(request);
    const answer = await this.#ask(host, { type: 'request', request: packed }, signal, {
      transfer,
      limitMs: callLimitMs(request.endpoint, this.#settings) + graceMs,
      what: request.endpoint,
    });
    if (typeof answer !== 'string' && answer.type === 'reply') return answer.reply;
    return { outcome: interpret(request.endpoint, new RemoteError('worker', reasonOf(answer))), attempts: 1 };
  }

  async nodeKey(request: KeyRequest, signal: AbortSignal): Promise<KeyReply> {
    signal.throwIfAborted();
    const host = this.#host;
    if (host === undefined) return { kind: 'failed', reason: this.#whyUnavailable() };
    const answer = await this.#ask(host, { type: 'key', request }, signal, {
      // A question waits for the one before it.
      limitMs: 2 * attemptMs + graceMs,
      what: 'nodeKey',
    });
    if (typeof answer !== 'string' && answer.type === 'key') return answer.reply;
    return { kind: 'failed', reason: reasonOf(answer) };
  }

  #ask(
    host: TransportHost,
    question: Question,
    signal: AbortSignal,
    options: { readonly transfer?: ArrayBuffer[]; readonly limitMs: number; readonly what: string },
  ): Promise<Answer | string> {
    const { transfer, limitMs, what } = options;
    const id = this.#nextId++;
    const over = new AbortController();
    return new Promise((resolve, reject) => {
      const finish = () => {
        this.#pending.delete(id);
        if (this.#pending.size === 0) host.working?.(false);
        signal.removeEventListener('abort', onAbort);
        over.abort();
      };
      const onAbort = () => {
        finish();
        this.#post({ type: 'cancel', id });
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (this.#pending.size === 0) host.working?.(true);
      this.#pending.set(id, (answer) => {
        finish();
        resolve(answer);
      });
      this.#post({ ...question, id }, transfer);
      this.#clock.sleep(limitMs, over.signal).then(
        () => this.#ended(host, `no answer to ${what} within ${limitMs / 1_000} s`),
        () => {},
      );
    });
  }

  update(settings: TransportSettings): void {
    this.#settings = settings;
    this.#post({ type: 'settings', settings });
  }

  async close(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    this.#closed.abort();
    this.#endSleeps();
    this.#failPending('the transport is closed');
    await host?.terminate();
  }

  #start(): void {
    const host = this.#spawn();
    this.#host = host;
    host.port.on('message', (message: FromTransport) => {
      if (this.#host === host) this.#receive(message);
    });
    host.onExit((reason) => this.#ended(host, reason));
    this.#post({ type: 'settings', settings: this.#settings });
  }

  #receive(message: FromTransport): void {
    switch (message.type) {
      case 'reply':
      case 'key':
        this.#endsInARow = 0;
        this.#pending.get(message.id)?.(message);
        break;
      case 'broken':
        this.#broken(message.reason);
        break;
      case 'sleep':
        this.#sleep(message.id, message.ms);
        break;
      case 'unsleep':
        this.#sleeps.get(message.id)?.abort();
        this.#sleeps.delete(message.id);
        break;
      case 'log':
        this.#log(message.level, message.text);
        break;
    }
  }

  #sleep(id: number, ms: number): void {
    const stop = new AbortController();
    this.#sleeps.set(id, stop);
    this.#clock.sleep(ms, stop.signal).then(
      () => {
        this.#sleeps.delete(id);
        this.#post({ type: 'woke', id });
      },
      () => {},
    );
  }

  #endSleeps(): void {
    for (const stop of this.#sleeps.values()) stop.abort();
    this.#sleeps.clear();
  }

  /** The transport is gone, or has to go. */
  #ended(host: TransportHost, reason: string): void {
    if (this.#host !== host) return;
    this.#host = undefined;
    host.terminate().catch(() => {});
    this.#endSleeps();
    const delayMs = restartDelayMs(++this.#endsInARow);
    this.#startsAt = this.#clock.monotonic() + delayMs;
    this.#log('warning', `the transport thread ended (${reason}); it starts again in ${delayMs / 1_000} s`);
    this.#failPending(`the transport thread ended (${reason})`);
    if (delayMs === 0) {
      this.#start();
    } else {
      this.#clock.sleep(delayMs, this.#closed.signal).then(
        () => this.#start(),
        () => {},
      );
    }
  }

  /** The user's code cannot be used: says so once, and tries again with a new thread, since a file can be mended. */
  #broken(reason: string): void {
    if (reason !== this.#brokenFor) this.#log('error', reason);
    this.#brokenFor = reason;
    const host = this.#host;
    this.#clock.sleep(brokenMs, this.#closed.signal).then(
      () => {
        if (host === undefined || this.#host !== host) return;
        this.#endSleeps();
        host.terminate().catch(() => {});
        this.#failPending('the transport thread starts again');
        this.#start();
      },
      () => {},
    );
  }

  #failPending(why: string): void {
    for (const settle of [...this.#pending.values()]) settle(why);
  }

  #whyUnavailable(): string {
    return this.#closed.signal.aborted ? 'the transport is closed' : 'the transport thread starts again soon';
  }

  #unavailable(request: TransportRequest): TransportReply {
    const outcome = interpret(request.endpoint, new RemoteError('worker', this.#whyUnavailable()));
    const afterMs = Math.max(1, this.#startsAt - this.#clock.monotonic());
    return { outcome: outcome.kind === 'retry' ? { ...outcome, afterMs } : outcome, attempts: 0 };
  }

  #post(message: DistributiveOmit<ToTransport, keyof Stamp>, transfer: ArrayBuffer[] = []): void {
    const stamp = { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
    this.#host?.port.postMessage({ ...message, ...stamp }, transfer);
  }
}

function reasonOf(answer: Answer | string): string {
  return typeof answer === 'string' ? answer : 'the transport thread gave a wrong answer';
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
