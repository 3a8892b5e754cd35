import pRetry from 'p-retry';
import type { Clock } from '../../clock/index.ts';
import { attemptsOf, waitMs } from './attempts.ts';
import { Connections } from './connections.ts';
import { hasClientCertificate } from './credentials.ts';
import { dumpText } from './dump.ts';
import { RemoteError } from './error.ts';
import type { HttpRequest } from './http-request.ts';
import { interpret } from './interpret.ts';
import { attemptMs } from './limits.ts';
import type { LogLevel } from './messages.ts';
import type { Outcome, TransportReply } from './outcome.ts';
import { type PreparedBody, prepare, prepareBody, secretsOf } from './prepare.ts';
import type { HttpReply } from './reply.ts';
import type { TransportRequest } from './request.ts';
import { RowWriter } from './row-lines.ts';
import { noSecrets, type Secrets } from './secrets.ts';
import { Sender } from './send.ts';
import type { TransportSettings } from './settings.ts';

/** A whole call, with all its attempts. */
export type CallHandler = (request: TransportRequest, signal: AbortSignal) => Promise<TransportReply>;

/** One attempt. Rejects with what kept it from an answer. */
export type AttemptHandler = (request: HttpRequest, signal: AbortSignal) => Promise<HttpReply>;

/** The two places where other code can stand. */
export interface Around {
  call(next: CallHandler): CallHandler;
  attempt(next: AttemptHandler): AttemptHandler;
}

/** Takes a line for the log of the extension. */
export type RemoteLog = (level: LogLevel, text: string) => void;

const nothingAround: Around = { call: (next) => next, attempt: (next) => next };

/** The server, seen from the transport thread: makes calls, each with its attempts. */
export class Remote {
  readonly #clock: Clock;
  readonly #log: RemoteLog;
  readonly #around: Around;
  readonly #connections: Connections;
  readonly #sender: Sender;
  readonly #call: CallHandler;
  readonly #rowWriter = new RowWriter();
  #settings: TransportSettings;

  constructor(settings: TransportSettings, clock: Clock, log: RemoteLog, around: Around = nothingAround) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#around = around;
    this.#connections = new Connections(clock);
    this.#sender = new Sender(this.#connections);
    this.#call = around.call((request, signal) => this.#attempts(request, signal));
  }

  /** Counts for every attempt from now on, also of calls that are under way. */
  update(settings: TransportSettings): void {
    this.#settings = settings;
  }

  /**
   * Makes a call. What goes wrong is in the outcome.
   * @throws {unknown} only `signal.reason`
   */
  async call(request: TransportRequest, signal: AbortSignal): Promise<TransportReply> {
    let reply: TransportReply;
    try {
      reply = await this.#call(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      reply = { outcome: interpret(request.endpoint, RemoteError.from(error)), attempts: 0 };
    }
    if (reply.outcome.kind === 'delivered') return reply;
    return { ...reply, outcome: scrubbed(reply.outcome, secretsOf(request, this.#settings)) };
  }

  /** Ends every connection. */
  close(): void {
    this.#connections.close();
  }

  async #attempts(request: TransportRequest, signal: AbortSignal): Promise<TransportReply> {
    const body = prepareBody(request, this.#settings, this.#rowWriter);
    const batch = body.carried && { batch: withoutNumbers(body.carried) };
    if (body.carried?.lines === 0) {
      return { outcome: { kind: 'delivered', body: new Uint8Array(0) }, attempts: 0, ...batch };
    }
    const most = attemptsOf(request.endpoint, this.#settings);
    let attempts = 0;
    try {
      const outcome = await pRetry(
        async (attempt) => {
          attempts = attempt;
          const result = await this.#attempt(request, body, signal);
          if (result.kind === 'retry') throw new AgainError(result);
          return result;
        },
        {
          retries: most - 1,
          // The waits are ours, on our clock.
          minTimeout: 0,
          signal,
          shouldRetry: ({ error, attemptNumber }) =>
            error instanceof AgainError && error.mayFollow(attemptNumber),
          onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
            if (retriesLeft > 0 && error instanceof AgainError && error.mayFollow(attemptNumber)) {
              await this.#clock.sleep(waitMs(attemptNumber), signal);
            }
          },
        },
      );
      return { outcome, attempts, ...batch };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AgainError) return { outcome: error.outcome, attempts, ...batch };
      return { outcome: interpret(request.endpoint, RemoteError.from(error)), attempts, ...batch };
    }
  }

  /** One attempt with its deadline. Rejects only with `signal.reason`. */
  async #attempt(request: TransportRequest, body: PreparedBody, signal: AbortSignal): Promise<Outcome> {
    const settings = this.#settings;
    let secrets: Secrets = noSecrets;
    try {
      const prepared = prepare(request, body, settings);
      secrets = prepared.secrets;
      const reply = await this.#withDeadline(signal, (attemptSignal) => {
        const send = this.#around.attempt(async (http, innerSignal) => {
          if (settings.dump) this.#log('info', dumpText(http, http.body, settings, secrets));
          const answer = await this.#sender.send(http, { settings, secrets, signal: innerSignal });
          if (settings.dump) this.#log('info', dumpText(http, answer.body, settings, secrets, answer.status));
          return answer;
        });
        return send(prepared.http, attemptSignal);
      });
      const options = {
        nodeApi: settings.nodeApi,
        clientCertificate: hasClientCertificate(settings),
        hide: (text: string) => secrets.scrub(text),
      };
      return interpret(request.endpoint, reply, options);
    } catch (error) {
      signal.throwIfAborted();
      return interpret(request.endpoint, RemoteError.from(error, secrets));
    }
  }

  async #withDeadline<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const timeUp = new AbortController();
    this.#clock.sleep(attemptMs, over.signal).then(
      () => timeUp.abort(new RemoteError('deadline', `no answer within ${attemptMs / 1_000} s`)),
      () => {},
    );
    try {
      const either = AbortSignal.any([signal, timeUp.signal]);
      // Raced as well as told: other code may not listen to its signal.
      return await Promise.race([work(either), aborted(either)]);
    } finally {
      over.abort();
    }
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Carries a `retry` outcome through p-retry. */
class AgainError extends Error {
  readonly outcome: Outcome & { kind: 'retry' };

  constructor(outcome: Outcome & { kind: 'retry' }) {
    super(outcome.reason);
    this.outcome = outcome;
  }

  /** False if the server asked for a longer rest than the one before the next attempt. */
  mayFollow(attempt: number): boolean {
    return (this.outcome.afterMs ?? 0) <= waitMs(attempt);
  }
}

function withoutNumbers({ lines, bytes, next, unfit }: NonNullable<PreparedBody['carried']>) {
  return { lines, bytes, next, unfit };
}

function scrubbed(outcome: Outcome, secrets: Secrets): Outcome {
  return outcome.kind === 'delivered' ? outcome : { ...outcome, reason: secrets.scrub(outcome.reason) };
}
