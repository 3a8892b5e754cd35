import pRetry from 'p-retry';
import { type Clock, within } from '../../clock/index.ts';
import { type Around, type CallHandler, nothingAround } from './around.ts';
import { attemptsOf, callLimitMs, waitMs } from './attempts.ts';
import { Connections } from './connections.ts';
import { hasClientCertificate } from './credentials.ts';
import { dumpText } from './dump.ts';
import { RemoteError } from './error.ts';
import { interpret } from './interpret.ts';
import { issuedKeys } from './issued-keys.ts';
import { KeyHook } from './key-hook.ts';
import { attemptMs } from './limits.ts';
import type { LogLevel } from './messages.ts';
import type { Outcome, TransportReply } from './outcome.ts';
import { needsSecret, ownSecrets, type PreparedBody, prepare, prepareBody, secretsOf } from './prepare.ts';
import type { TransportRequest } from './request.ts';
import { RowWriter } from './row-lines.ts';
import { SecretSource } from './secret.ts';
import { RecentSecrets, type Secrets } from './secrets.ts';
import { Sender } from './send.ts';
import type { TransportSettings } from './settings.ts';

/** Takes a line for the log of the extension. */
export type RemoteLog = (level: LogLevel, text: string) => void;

/** The server, seen from the transport thread: makes calls, each with its attempts. */
export class Remote {
  readonly #clock: Clock;
  readonly #log: RemoteLog;
  readonly #around: Around;
  readonly #connections: Connections;
  readonly #sender: Sender;
  readonly #call: CallHandler;
  readonly #secret: SecretSource;
  /** The node key's place, if the user has one. */
  readonly keys: KeyHook;
  readonly #rowWriter = new RowWriter();
  readonly #recent: RecentSecrets;
  #settings: TransportSettings;

  /** @param recent takes the secrets of every request, for who tells of the end of all this */
  constructor(
    settings: TransportSettings,
    clock: Clock,
    log: RemoteLog,
    around: Around = nothingAround,
    recent = new RecentSecrets(),
  ) {
    this.#recent = recent;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#around = around;
    this.#connections = new Connections(clock);
    this.#sender = new Sender(this.#connections);
    this.#secret = new SecretSource(around.secret);
    this.keys = new KeyHook(around.nodeKey, clock, recent);
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
      reply = await this.#callInTime(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      reply = { outcome: interpret(request.endpoint, RemoteError.from(error)), attempts: 0 };
    }
    const complete = this.#complete(request, reply);
    const silent = complete.outcome.kind === 'delivered' && (complete.batch?.unfit.length ?? 0) === 0;
    return silent ? complete : scrubbed(complete, this.#secretsOf(request));
  }

  /** Ends every connection. */
  close(): void {
    this.#connections.close();
  }

  /** User code around a call may never answer: then the call is over when its attempts would be, and the thread lives. */
  async #callInTime(request: TransportRequest, signal: AbortSignal): Promise<TransportReply> {
    if (this.#around === nothingAround) return this.#call(request, signal);
    const limitMs = callLimitMs(request.endpoint, this.#settings) + callGraceMs;
    const late = () =>
      new RemoteError('deadline', `the transport module has not answered within ${limitMs / 1_000} s`);
    return within(this.#clock, limitMs, (limited) => this.#call(request, limited), { signal, late });
  }

  /** A made-up answer to a log means the whole batch. */
  #complete(request: TransportRequest, reply: TransportReply): TransportReply {
    if (request.endpoint !== 'log' || reply.batch !== undefined || !aboutContent.has(reply.outcome.kind))
      return reply;
    const batch = { ...request.batch, maxLines: Infinity, maxBytes: Infinity };
    const { carried } = prepareBody({ ...request, batch }, this.#settings, this.#rowWriter);
    return { ...reply, ...(carried && { batch: withoutNumbers(carried) }) };
  }

  #secretsOf(request: TransportRequest): Secrets {
    const known = [...this.#secret.known(this.#settings), ...this.#recent.values];
    return secretsOf(request, this.#settings, known);
  }

  async #attempts(request: TransportRequest, signal: AbortSignal): Promise<TransportReply> {
    const body = prepareBody(request, this.#settings, this.#rowWriter, this.#around.line);
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
          const result = await this.#attempt(request, body, attempt, signal);
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
  async #attempt(
    request: TransportRequest,
    body: PreparedBody,
    attempt: number,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const settings = this.#settings;
    let secrets = secretsOf(request, settings, this.#recent.values);
    this.#recent.add(ownSecrets(request, settings));
    const hide = (values: readonly string[]) => {
      secrets = secrets.and(values);
      this.#recent.add(values);
    };
    try {
      const send = async (attemptSignal: AbortSignal) => {
        const secret = needsSecret(request.endpoint, settings) ? await this.#secret.read(settings) : '';
        hide([secret]);
        const prepared = prepare(request, body, this.#withHost(settings), { secret, attempt });
        const exchange = this.#around.attempt(async (http, innerSignal) => {
          if (settings.dump) this.#log('info', dumpText(http, http.body, settings, secrets));
          const answer = await this.#sender.send(http, { settings, secrets, signal: innerSignal });
          // A new key, too, is none of the log's business, nor that of who quotes it.
          if (request.endpoint === 'enroll') hide(issuedKeys(answer.body));
          if (settings.dump) this.#log('info', dumpText(http, answer.body, settings, secrets, answer.status));
          return answer;
        }, hide);
        return exchange(prepared, attemptSignal);
      };
      const reply = await within(this.#clock, attemptMs, send, { signal, late: noAnswer });
      if (request.endpoint === 'enroll') hide(issuedKeys(reply.body));
      const options = {
        nodeApi: settings.nodeApi,
        clientCertificate: hasClientCertificate(settings),
        hide: (text: string) => secrets.scrub(text),
      };
      return interpret(request.endpoint, reply, options);
    } catch (error) {
      signal.throwIfAborted();
      return scrubbedOutcome(interpret(request.endpoint, RemoteError.from(error, secrets)), secrets);
    }
  }

  /** Who sends by other means than HTTPS needs no `tls_hostname`. */
  #withHost(settings: TransportSettings): TransportSettings {
    const missing = settings.hostname === '' && this.#around.replacesHttps === true;
    return missing ? { ...settings, hostname: 'no-host.invalid' } : settings;
  }
}

const noAnswer = () => new RemoteError('deadline', `no answer within ${attemptMs / 1_000} s`);

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

function withoutNumbers({ numbers: _, ...rest }: NonNullable<PreparedBody['carried']>) {
  return rest;
}

/** What user code around a call may take itself. Below what the socket thread gives before it ends the thread. */
const callGraceMs = 2_000;

/** Outcomes that say something about the lines of a batch, so that it must be known which these are. */
const aboutContent = new Set<Outcome['kind']>(['delivered', 'too_large', 'rejected']);

function scrubbed(reply: TransportReply, secrets: Secrets): TransportReply {
  const { batch } = reply;
  const unfit = batch?.unfit.map((line) => ({ ...line, reason: secrets.scrub(line.reason) })) ?? [];
  return {
    ...reply,
    outcome: scrubbedOutcome(reply.outcome, secrets),
    ...(batch && { batch: { ...batch, unfit } }),
  };
}

function scrubbedOutcome(outcome: Outcome, secrets: Secrets): Outcome {
  return outcome.kind === 'delivered' ? outcome : { ...outcome, reason: secrets.scrub(outcome.reason) };
}
