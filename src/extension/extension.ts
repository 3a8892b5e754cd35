import { type Clock, systemClock } from '../clock/index.ts';
import { ExtensionError, textOf } from './errors.ts';
import { ExtensionManager } from './extension-manager.ts';
import { ExtensionServer } from './extension-server.ts';
import type { Parent } from './parent.ts';
import { failure, type Plugin, type PluginReply, type PluginRequest } from './plugin.ts';
import { isPipe, maxSocketPathBytes, socketMark, unlinkSocket } from './socket-file.ts';

export type LogLevel = 'info' | 'warning' | 'error';

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
  /** Last chance to write what is in memory, before the process ends. It may take `stopMs`. */
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

/** Compared by osqueryd with its oldest supported version, 1.7.7, and shown in `osquery_extensions`. */
const sdkVersion = '5.23.0';

const pollMs = 20;
/** How soon a worker that was started again, a parent that has ended and a socket file that was removed are noticed. */
const probeMs = 200;
const duplicatePollMs = 100;
/** osqueryd notices the end of a predecessor one interval after it, and asks it for at most as long again. */
const duplicateIntervals = 2;
const duplicateExtraMs = 2000;
const pingMs = 10_000;
const handStartedGraceMs = 60_000;
/** After a signal: how long calls are still answered while osqueryd is there, and then how long flushing may take. */
const lingerMs = 2000;
const stopMs = 1000;
/** After the parent has ended everything has to be over within a second. */
const orphanStepMs = 300;

type Stage = 'new' | 'running' | 'leaving' | 'ended';

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
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  readonly #plugins = new Map<string, Plugin>();
  readonly #leaving = new AbortController();
  #settleEnded: (end: ExtensionEnd) => void = () => {};
  #stage: Stage = 'new';
  #server: ExtensionServer | undefined;
  /** The manager socket with which we registered. */
  #registeredAt: string | undefined;
  #wake: AbortController | undefined;
  #stopProbing = () => {};

  constructor(options: ExtensionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 3000;
    this.#intervalMs = options.intervalMs ?? 3000;
    this.manager = new ExtensionManager(options.socket, { clock: this.#clock });
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    for (const plugin of options.plugins) {
      const key = `${plugin.registry}/${plugin.name}`;
      if (this.#plugins.has(key)) throw new ExtensionError('arguments', `two plugins are called ${key}`);
      this.#plugins.set(key, plugin);
    }
  }

  /** The id that osqueryd gave at the last registration, 0 before. */
  get uuid(): number {
    return this.#server?.uuid ?? 0;
  }

  /**
   * Registers, and stays registered until `stop` or until osqueryd is gone for good (`ended`).
   * @throws {ExtensionError} when osqueryd is not there in time (started by hand), or refuses.
   */
  async start(): Promise<void> {
    this.#stage = 'running';
    this.#stopProbing = this.#clock.interval(probeMs, () => this.#probe());
    try {
      await this.#waitForManager(this.#timeoutMs);
      await this.#register();
    } catch (error) {
      if (this.#stage === 'running') await this.#end({ code: 1, reason: textOf(error) });
      throw error;
    }
    void this.#watch();
  }

  /**
   * Leaves as after a signal: goes on answering until osqueryd has closed its socket, 2 s at most, then flushes.
   * @param reason for `ended`
   */
  async stop(reason: string): Promise<void> {
    if (this.#stage === 'leaving' || this.#stage === 'ended') return;
    this.#leave(reason);
    const deadline = this.#clock.monotonic() + lingerMs;
    while ((await this.#managerAnswers(lingerMs)) && this.#clock.monotonic() < deadline) {
      await this.#clock.sleep(duplicatePollMs);
    }
    await this.#end({ code: 0, reason });
  }

  /** Waits until the manager answers. Without a parent no longer than `limitMs`. */
  async #waitForManager(limitMs: number): Promise<void> {
    const start = this.#clock.monotonic();
    let told = false;
    for (;;) {
      this.#leaving.signal.throwIfAborted();
      let problem: unknown;
      try {
        await this.manager.ping({ timeoutMs: pingMs, signal: this.#leaving.signal });
        return;
      } catch (error) {
        problem = error;
      }
      this.#leaving.signal.throwIfAborted();
      const waitedMs = this.#clock.monotonic() - start;
      if (waitedMs >= limitMs && this.#options.parent === undefined) throw problem;
      if (waitedMs >= this.#timeoutMs && !told) {
        told = true;
        this.#log('warning', `still waiting for osqueryd: ${textOf(problem)}`);
      }
      await this.#clock.sleep(waitedMs > this.#timeoutMs ? duplicatePollMs : pollMs, this.#leaving.signal);
    }
  }

  /** Registers and listens. Asks again while a predecessor of the same name is still listed. */
  async #register(): Promise<void> {
    const { name, version = '0.0.0', socket } = this.#options;
    this.#checkPath(`${socket}.65535`);
    const giveUpAt = this.#clock.monotonic() + duplicateIntervals * this.#intervalMs + duplicateExtraMs;
    const info = { name, version, sdkVersion };
    for (;;) {
      const mark = socketMark(socket);
      try {
        const uuid = await this.manager.register(info, this.#options.plugins, {
          signal: this.#leaving.signal,
        });
        this.#registeredAt = mark;
        await this.#listen(uuid);
        return;
      } catch (error) {
        if (!(error instanceof ExtensionError)) throw error;
        if (error.code === 'socket' && isOfManager(error, socket)) {
          await this.#waitForManager(handStartedGraceMs);
        } else if (error.code !== 'taken') {
          throw error;
        } else if (this.#clock.monotonic() >= giveUpAt) {
          throw new ExtensionError(
            'taken',
            `${plain(error)}; another extension has this name: end it, or load only one`,
            {
              cause: error,
            },
          );
        }
      }
      await this.#clock.sleep(duplicatePollMs, this.#leaving.signal);
    }
  }

  async #listen(uuid: number): Promise<void> {
    const server = new ExtensionServer(uuid, {
      call: (registry, item, request) => this.#call(registry, item, request),
      shutdown: () => void this.stop('osqueryd is shutting down'),
    });
    const path = `${this.#options.socket}.${uuid}`;
    // Before the new one is bound: retiring removes the file, which may be of the same name.
    this.#server?.retire();
    unlinkSocket(path);
    try {
      await server.listen(path);
    } catch (error) {
      await this.manager.deregister(uuid, { timeoutMs: pingMs }).catch(() => {});
      throw error;
    }
    this.#server = server;
    this.#log('info', `registered as ${this.#options.name} (uuid ${uuid})`);
  }

  #call(registry: string, item: string, request: PluginRequest): PluginReply | Promise<PluginReply> {
    const plugin = this.#plugins.get(`${registry}/${item}`);
    return plugin?.call(request) ?? failure(`${this.#options.name} has no ${registry} plugin called ${item}`);
  }

  /** Every interval, and when `#probe` has seen something: does osqueryd still list us? */
  async #watch(): Promise<void> {
    while (this.#stage === 'running') {
      try {
        await this.#nextLook();
        await this.#stayRegistered();
      } catch (error) {
        if (this.#stage !== 'running') return;
        const away = error instanceof ExtensionError && error.code === 'socket';
        const reason = away ? 'osquery core has gone away' : textOf(error);
        await this.#end({ code: away ? 0 : 1, reason });
      }
    }
  }

  async #nextLook(): Promise<void> {
    const wake = new AbortController();
    this.#wake = wake;
    try {
      await this.#clock.sleep(this.#intervalMs, AbortSignal.any([wake.signal, this.#leaving.signal]));
    } catch {
      this.#leaving.signal.throwIfAborted();
    }
  }

  async #stayRegistered(): Promise<void> {
    const signal = this.#leaving.signal;
    try {
      const listed = await this.manager.extensions({ signal });
      if (listed.has(this.uuid)) return;
      this.#log('warning', 'osqueryd does not list this extension any more, registering again');
    } catch (error) {
      // Anything else than a closed door is an osqueryd that is busy: it still knows us.
      if (!(error instanceof ExtensionError) || error.code !== 'socket') return signal.throwIfAborted();
      this.#log('warning', 'osquery core has gone away, waiting for it');
      await this.#waitForManager(handStartedGraceMs);
      // It may have been away for a moment only, and know us still.
      if ((await this.manager.extensions({ signal })).has(this.uuid) && this.#isBound()) return;
    }
    await this.#register();
  }

  /** Cheap enough to be done five times a second: three system calls. */
  #probe(): void {
    if (this.#stage !== 'running') return;
    if (this.#options.parent?.gone() === true) {
      void this.#orphaned();
      return;
    }
    if (this.#server === undefined || isPipe(this.#options.socket)) return;
    const mark = socketMark(this.#options.socket);
    if (mark !== this.#registeredAt) {
      // Another worker has bound the socket, or none is there: do not wait for the next interval.
      this.#registeredAt = mark;
      this.#wake?.abort();
    } else if (!this.#isBound()) {
      void this.#listen(this.#server.uuid).catch((error) => this.#log('error', textOf(error)));
    }
  }

  #isBound(): boolean {
    return socketMark(`${this.#options.socket}.${this.uuid}`) !== undefined;
  }

  /** The process that started us has ended: nobody else will end us (as after osqueryd's exit code 78). */
  async #orphaned(): Promise<void> {
    const reason = 'the osqueryd that started this extension has ended';
    this.#leave(reason);
    await this.#end({ code: 0, reason }, orphanStepMs);
  }

  #leave(reason: string): void {
    this.#stage = 'leaving';
    this.#log('info', `leaving: ${reason}`);
    this.#leaving.abort(new ExtensionError('stopped', reason));
  }

  async #end(end: ExtensionEnd, stepMs = stopMs): Promise<void> {
    if (this.#stage === 'ended') return;
    if (this.#stage === 'running') this.#leave(end.reason);
    this.#stage = 'ended';
    this.#stopProbing();
    const server = this.#server;
    if (server !== undefined && (await this.#managerAnswers(stepMs))) {
      await this.manager.deregister(server.uuid, { timeoutMs: stepMs }).catch(() => {});
    }
    await this.#flush(stepMs);
    if (server !== undefined) {
      await server.close();
      unlinkSocket(`${this.#options.socket}.${server.uuid}`);
    }
    this.#settleEnded(end);
  }

  async #flush(limitMs: number): Promise<void> {
    const over = new AbortController();
    const flushed = Promise.resolve(this.#options.onStop?.()).catch((error: unknown) =>
      this.#log('error', `stopping: ${textOf(error)}`),
    );
    await Promise.race([flushed, this.#clock.sleep(limitMs, over.signal).catch(() => {})]);
    over.abort();
  }

  async #managerAnswers(timeoutMs: number): Promise<boolean> {
    try {
      await this.manager.ping({ timeoutMs });
      return true;
    } catch {
      return false;
    }
  }

  #checkPath(path: string): void {
    if (isPipe(path) || Buffer.byteLength(path) <= maxSocketPathBytes) return;
    throw new ExtensionError(
      'arguments',
      `${path} is longer than the ${maxSocketPathBytes} bytes of a socket path: give osqueryd a shorter --extensions_socket`,
    );
  }

  #log(level: LogLevel, text: string): void {
    this.#options.log?.(level, text);
  }
}

/** Whether the manager could not be reached, rather than our own socket not bound. */
function isOfManager(error: ExtensionError, socket: string): boolean {
  return error.message.startsWith(`socket: ${socket}:`);
}

function plain(error: ExtensionError): string {
  return error.message.slice(error.code.length + 2);
}
