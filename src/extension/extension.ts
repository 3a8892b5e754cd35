import { type Clock, systemClock } from '../clock/index.ts';
import { ExtensionError, textOf } from './errors.ts';
import { ExtensionManager } from './extension-manager.ts';
import { ExtensionServer } from './extension-server.ts';
import type { LogLevel } from './log-level.ts';
import type { Parent } from './parent.ts';
import { failure, type Plugin, type PluginReply, type PluginRequest } from './plugin.ts';
import { Registration } from './registration.ts';
import { checkPathLength, isPipe, socketMark } from './socket-file.ts';

export interface ExtensionOptions {
  /** Name under which osqueryd lists the extension. One that is registered already is refused. */
  readonly name: string;
  /** Default `0.0.0`. */
  readonly version?: string;
  readonly plugins: readonly Plugin[];
  /** Path of osqueryd's extensions socket. */
  readonly socket: string;
  /** How long to wait for osqueryd at the start, in milliseconds. Default 3000. */
  readonly timeoutMs?: number;
  /** How often to look whether osqueryd still lists the extension, in milliseconds. Default 3000. */
  readonly intervalMs?: number;
  /** osqueryd, if it started this process: its end is ours. Default: started by hand. */
  readonly parent?: Parent | undefined;
  /** Last chance to write what is in memory, before the process ends; 1 s, or 200 ms when the parent has ended. */
  readonly onStop?: () => Promise<void>;
  readonly log?: (level: LogLevel, text: string) => void;
  readonly clock?: Clock;
}

/** How the life of an extension ended. */
export interface ExtensionEnd {
  /** For `process.exit`. */
  readonly code: number;
  readonly reason: string;
}

/** How soon a worker that was started again, a parent that has ended and a socket file that was removed are noticed. */
const probeMs = 200;
const handStartedGraceMs = 60_000;
/** After a signal: how long calls are still answered while osqueryd is there, and then how long flushing may take. */
const lingerMs = 2000;
const lingerPollMs = 100;
const stopMs = 1000;
/** A step of leaving that osqueryd could delay; and flushing after the parent has ended, when a second is all there is. */
const briefMs = 200;

/**
 * The life of an extension: waits for osqueryd, registers, listens, and stays registered. When osqueryd's worker is
 * restarted, or drops the extension, it registers again in place, with all its state.
 */
export class Extension {
  readonly manager: ExtensionManager;
  /** Settles when the extension has left, for whatever reason. Never rejects. */
  readonly ended: Promise<ExtensionEnd>;
  readonly #options: ExtensionOptions;
  readonly #clock: Clock;
  readonly #plugins = new Map<string, Plugin>();
  readonly #server: ExtensionServer;
  readonly #registration: Registration;
  /** Aborted when the extension begins to leave; that happens once. */
  readonly #leaving = new AbortController();
  #settleEnded: (end: ExtensionEnd) => void = () => {};
  #stage: 'new' | 'started' | 'ended' = 'new';
  /** Cuts the wait for the next look short, also one that has not begun. */
  #wake = new AbortController();
  /** The manager socket as the last probe saw it. */
  #seenMark: string | undefined;
  #stopProbing = () => {};

  /** @throws {ExtensionError} `arguments`, for two plugins of one name or a socket path that is too long. */
  constructor(options: ExtensionOptions) {
    const { name, version = '0.0.0', plugins, socket, timeoutMs = 3000, intervalMs = 3000 } = options;
    checkPathLength(socket);
    for (const plugin of plugins) {
      const key = `${plugin.registry}/${plugin.name}`;
      if (this.#plugins.has(key)) throw new ExtensionError('arguments', `two plugins are called ${key}`);
      this.#plugins.set(key, plugin);
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.manager = new ExtensionManager(socket, { clock: this.#clock });
    this.#server = new ExtensionServer({
      call: (registry, item, request) => this.#call(registry, item, request),
      shutdown: () => void this.stop('osqueryd is shutting down'),
    });
    this.#registration = new Registration({
      info: { name, version },
      plugins,
      manager: this.manager,
      server: this.#server,
      clock: this.#clock,
      timeoutMs,
      intervalMs,
      patient: options.parent !== undefined,
      signal: this.#leaving.signal,
      throwIfLeaving: () => this.#throwIfLeaving(),
      log: (level, text) => this.#log(level, text),
    });
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
  }

  /** The id that osqueryd gave at the last registration, 0 before. */
  get uuid(): number {
    return this.#registration.uuid;
  }

  /**
   * Registers, and stays registered until `stop` or until osqueryd is gone for good (`ended`).
   * @throws {ExtensionError} when osqueryd is not there in time (started by hand), or refuses; `stopped` when the
   * extension leaves meanwhile.
   */
  async start(): Promise<void> {
    if (this.#stage !== 'new') throw new ExtensionError('stopped', 'an extension can be started once');
    this.#stage = 'started';
    this.#stopProbing = this.#clock.interval(probeMs, () => this.#probe());
    const { timeoutMs = 3000 } = this.#options;
    try {
      await this.#registration.waitForManager(timeoutMs);
      await this.#renew(timeoutMs);
    } catch (error) {
      this.#leaving.signal.throwIfAborted();
      await this.#end({ code: 1, reason: textOf(error) });
      throw error;
    }
    void this.#watch();
  }

  /**
   * Leaves as after a signal: goes on answering until osqueryd has closed its socket, 2 s at most, then flushes.
   * Resolves when all is over (`ended`), also when it was leaving already.
   * @param reason for `ended`
   */
  async stop(reason: string): Promise<void> {
    if (!this.#leaving.signal.aborted) {
      this.#leave(reason);
      await this.#linger();
      await this.#end({ code: 0, reason });
    }
    await this.ended;
  }

  #call(registry: string, item: string, request: PluginRequest): PluginReply | Promise<PluginReply> {
    const plugin = this.#plugins.get(`${registry}/${item}`);
    return plugin?.call(request) ?? failure(`${this.#options.name} has no ${registry} plugin called ${item}`);
  }

  /** Every interval, and when `#probe` has seen something: does osqueryd still list us? */
  async #watch(): Promise<void> {
    try {
      for (;;) {
        await this.#nextLook();
        await this.#stayRegistered();
      }
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      const away = error instanceof ExtensionError && error.code === 'socket';
      const reason = away ? 'osquery core has gone away' : textOf(error);
      await this.#end({ code: away ? 0 : 1, reason });
    }
  }

  async #nextLook(): Promise<void> {
    const { intervalMs = 3000 } = this.#options;
    await this.#clock.sleep(intervalMs, this.#wake.signal).catch(() => {});
    this.#throwIfLeaving();
    this.#wake = new AbortController();
  }

  async #stayRegistered(): Promise<void> {
    try {
      if (await this.#registration.isListed()) return;
      this.#log('warning', 'osqueryd does not list this extension any more, registering again');
    } catch (error) {
      this.#throwIfLeaving();
      // Anything else than a closed door is an osqueryd that is busy: it still knows us.
      if (!(error instanceof ExtensionError) || error.code !== 'socket') return;
      this.#log('info', 'osquery core has gone away, waiting for it');
      await this.#registration.waitForManager(handStartedGraceMs);
      // It may have been away for a moment only, and know us still.
      if (await this.#registration.isListed()) return;
    }
    await this.#renew(handStartedGraceMs);
  }

  async #renew(limitMs: number): Promise<void> {
    await this.#registration.renew(limitMs);
    this.#seenMark = this.#registration.mark;
  }

  /** Cheap enough to be done five times a second: three system calls. */
  #probe(): void {
    if (this.#leaving.signal.aborted) return;
    if (this.#options.parent?.gone() === true) {
      this.#orphaned();
      return;
    }
    if (isPipe(this.#options.socket)) return;
    const mark = socketMark(this.#options.socket);
    if (mark !== this.#seenMark) {
      // Another worker has bound the socket, or none is there: do not wait for the next interval.
      this.#seenMark = mark;
      this.#wake.abort();
    } else {
      this.#registration.mendSocket();
    }
  }

  #throwIfLeaving(): void {
    const { signal } = this.#leaving;
    // Looked at before each step, too: where our osqueryd was, its successor may be already.
    if (!signal.aborted && this.#options.parent?.gone() === true) this.#orphaned();
    signal.throwIfAborted();
  }

  /** The process that started us has ended: nobody else will end us (as after osqueryd's exit code 78). */
  #orphaned(): void {
    const reason = 'the osqueryd that started this extension has ended';
    this.#leave(reason);
    void this.#end({ code: 0, reason }, briefMs);
  }

  #leave(reason: string): void {
    this.#log('info', `leaving: ${reason}`);
    this.#leaving.abort(new ExtensionError('stopped', reason));
    this.#wake.abort();
  }

  /** Waits until the osqueryd that we registered with is gone. */
  async #linger(): Promise<void> {
    const deadline = this.#clock.monotonic() + lingerMs;
    for (;;) {
      const timeoutMs = deadline - this.#clock.monotonic();
      if (timeoutMs <= 0 || !this.#registration.isCurrent || this.#options.parent?.gone() === true) return;
      try {
        await this.manager.ping({ timeoutMs });
      } catch {
        return;
      }
      await this.#clock.sleep(Math.min(lingerPollMs, timeoutMs));
    }
  }

  async #end(end: ExtensionEnd, flushMs = stopMs): Promise<void> {
    if (this.#stage === 'ended') return;
    this.#stage = 'ended';
    if (!this.#leaving.signal.aborted) this.#leave(end.reason);
    this.#stopProbing();
    await this.#registration.withdraw(briefMs);
    // Answers what was called already: a call that fails now could end osqueryd with an error.
    await this.#within(briefMs, this.#server.retire());
    await this.#within(flushMs, this.#onStop());
    await this.#server.close();
    this.#settleEnded(end);
  }

  async #within(limitMs: number, step: Promise<void>): Promise<void> {
    const over = new AbortController();
    await Promise.race([step, this.#clock.sleep(limitMs, over.signal).catch(() => {})]);
    over.abort();
  }

  async #onStop(): Promise<void> {
    try {
      await this.#options.onStop?.();
    } catch (error) {
      this.#log('error', `stopping: ${textOf(error)}`);
    }
  }

  #log(level: LogLevel, text: string): void {
    try {
      this.#options.log?.(level, text);
    } catch {
      // What cannot be told is no reason to end.
    }
  }
}
