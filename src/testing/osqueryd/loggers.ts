import { type ByteString, type LoggerCall, statusLog } from './engine/index.ts';
import { ok, type PluginReply, type Row, type Status } from './status.ts';
import type { StatusLog } from './status-log.ts';

const logStatus = 1;
const logEvent = 2;

/** The active loggers: every line goes to each of them, and the last one decides whether it was logged. */
export class Loggers {
  readonly #call: (logger: ByteString, request: Row) => Promise<PluginReply>;
  readonly #statusLog: StatusLog;
  readonly #hostIdentifier: () => ByteString;
  #names: readonly ByteString[] = [];
  readonly #forwardStatus = new Set<ByteString>();
  readonly #forwardEvents = new Set<ByteString>();
  #relay: Promise<void> = Promise.resolve();

  constructor(
    call: (logger: ByteString, request: Row) => Promise<PluginReply>,
    statusLog: StatusLog,
    hostIdentifier: () => ByteString,
  ) {
    this.#call = call;
    this.#statusLog = statusLog;
    this.#hostIdentifier = hostIdentifier;
  }

  get names(): readonly ByteString[] {
    return this.#names;
  }

  /**
   * `init` and `features` of each logger in the order of the list, then one relay of the status lines so far. The
   * status code of `features` is the answer, so that a failure (code 1) asks for status lines.
   */
  async start(names: readonly ByteString[], takesStatus: (name: ByteString) => boolean): Promise<void> {
    this.#names = names;
    for (const name of names) {
      await this.#call(name, new Map([['init', 'osqueryd']]));
      if (takesStatus(name)) this.#statusLog.stopCollecting();
      const { code } = await this.#call(name, new Map([['action', 'features']]));
      if ((code & logStatus) !== 0) this.#forwardStatus.add(name);
      if ((code & logEvent) !== 0) this.#forwardEvents.add(name);
    }
    if (this.#forwardStatus.size > 0) await this.relayStatus();
  }

  /** Logs one line of a query; the status of the last logger. */
  async log({ kind, line }: LoggerCall): Promise<Status> {
    const request = new Map<ByteString, ByteString>([[kind, line]]);
    if (kind === 'string') request.set('category', 'event');
    let last: Status = ok;
    for (const name of this.#names) last = await this.#call(name, request);
    return last;
  }

  /** Hands an event to the loggers that asked for events; whether they take it does not matter. */
  async forwardEvent(event: ByteString): Promise<void> {
    for (const name of this.#names) {
      if (this.#forwardEvents.has(name)) await this.#call(name, new Map([['event', event]]));
    }
  }

  /** Hands the status lines that wait to the loggers that want them; what nobody wants or takes is gone. */
  relayStatus(): Promise<void> {
    this.#relay = this.#relay.then(async () => {
      const lines = this.#statusLog.take();
      if (lines.length === 0 || this.#forwardStatus.size === 0) return;
      const log = statusLog(lines, this.#hostIdentifier());
      for (const name of this.#names) {
        if (!this.#forwardStatus.has(name)) continue;
        await this.#call(
          name,
          new Map([
            ['status', 'true'],
            ['log', log],
          ]),
        );
      }
    });
    return this.#relay;
  }
}
