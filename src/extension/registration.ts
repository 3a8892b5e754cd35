import type { Clock } from '../clock/index.ts';
import { ExtensionError, textOf } from './errors.ts';
import type { ExtensionManager } from './extension-manager.ts';
import type { ExtensionServer } from './extension-server.ts';
import type { LogLevel } from './log-level.ts';
import type { Plugin } from './plugin.ts';
import { isSocketThere, socketMark } from './socket-file.ts';

export interface RegistrationOptions {
  readonly info: { readonly name: string; readonly version: string };
  readonly plugins: readonly Plugin[];
  readonly manager: ExtensionManager;
  readonly server: ExtensionServer;
  readonly clock: Clock;
  /** After so long it is told that osqueryd is still not there. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** Whether to wait for osqueryd without a limit. */
  readonly patient: boolean;
  /** Aborted when the extension leaves. */
  readonly signal: AbortSignal;
  /** Throws when the extension leaves, or has to. */
  readonly throwIfLeaving: () => void;
  readonly log: (level: LogLevel, text: string) => void;
}

/** The first is compared by osqueryd with its oldest supported version, 1.7.7; the second is shown, as `sdk_version`. */
const sdk = { sdkVersion: '5.23.0', minSdkVersion: '1.8.0' };

const pollMs = 20;
const slowPollMs = 100;
const pingMs = 10_000;
/** osqueryd notices the end of a predecessor one interval after it, and asks it for at most as long again. */
const duplicateIntervals = 2;
const duplicateExtraMs = 2000;

/** The extension's entry in osqueryd's list: how it comes to be, whether it still holds, and its socket. */
export class Registration {
  readonly #options: RegistrationOptions;
  #mark: string | undefined;
  #bindFailed = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** The id that osqueryd gave at the last registration, 0 before. */
  get uuid(): number {
    return this.#options.server.uuid;
  }

  /** Which manager socket it was made at (`socketMark`); `undefined` before. */
  get mark(): string | undefined {
    return this.#mark;
  }

  /** Whether the manager that it was made at is the one that is there now. */
  get isCurrent(): boolean {
    return this.#mark !== undefined && this.#mark === socketMark(this.#options.manager.socket);
  }

  /**
   * Waits until the manager answers. Unless `patient`, no longer than `limitMs`.
   * @throws {ExtensionError} why it does not.
   */
  async waitForManager(limitMs: number): Promise<void> {
    const { manager, clock, signal, timeoutMs, patient, throwIfLeaving, log } = this.#options;
    const start = clock.monotonic();
    let told = false;
    for (;;) {
      throwIfLeaving();
      let problem: unknown;
      try {
        await manager.ping({ timeoutMs: pingMs, signal });
        return;
      } catch (error) {
        problem = error;
      }
      throwIfLeaving();
      const waitedMs = clock.monotonic() - start;
      if (waitedMs >= limitMs && !patient) throw problem;
      if (waitedMs >= timeoutMs && !told) {
        told = true;
        log('warning', `still waiting for osqueryd: ${textOf(problem)}`);
      }
      await clock.sleep(waitedMs > timeoutMs ? slowPollMs : pollMs, signal);
    }
  }

  /**
   * Registers and listens. Asks again while a predecessor of the same name is still listed, for two intervals and 2 s.
   * @param limitMs as in `waitForManager`, should the manager go away meanwhile.
   * @throws {ExtensionError}
   */
  async renew(limitMs: number): Promise<void> {
    const { clock, intervalMs, manager, signal, throwIfLeaving } = this.#options;
    let giveUpAt: number | undefined;
    for (;;) {
      throwIfLeaving();
      const mark = socketMark(manager.socket);
      const outcome = await this.#ask();
      if (typeof outcome === 'number') {
        this.#mark = mark;
        await this.#listen(outcome);
        return;
      }
      throwIfLeaving();
      if (outcome.code === 'socket' || outcome.code === 'timeout') {
        giveUpAt = undefined;
        await this.waitForManager(limitMs);
      } else {
        giveUpAt ??= clock.monotonic() + duplicateIntervals * intervalMs + duplicateExtraMs;
        if (outcome.code !== 'taken' || clock.monotonic() >= giveUpAt) throw outcome;
      }
      await clock.sleep(slowPollMs, signal);
    }
  }

  /**
   * Whether osqueryd has the extension in its list.
   * @throws {ExtensionError}
   */
  async isListed(): Promise<boolean> {
    const { info, manager, signal } = this.#options;
    const listed = await manager.extensions({ signal });
    return listed.get(this.uuid)?.name === info.name;
  }

  /** Binds the socket again when its file is gone. A failure is told once, and tried again at the next call. */
  mendSocket(): void {
    if (this.#mark === undefined || isSocketThere(this.#path(this.uuid))) return;
    this.#options.server.listen(this.#path(this.uuid), this.uuid).then(
      () => {
        this.#bindFailed = false;
      },
      (error) => {
        if (!this.#bindFailed) this.#options.log('error', textOf(error));
        this.#bindFailed = true;
      },
    );
  }

  /** Takes the plugins off osqueryd's list, if it is still the same osqueryd. Never fails. */
  async withdraw(timeoutMs: number): Promise<void> {
    if (!this.isCurrent) return;
    await this.#options.manager.deregister(this.uuid, { timeoutMs }).catch(() => {});
  }

  /** Asks once; returns the id, or why there is none. */
  async #ask(): Promise<number | ExtensionError> {
    const { info, manager, plugins, signal } = this.#options;
    try {
      return await manager.register({ ...info, ...sdk }, plugins, { signal });
    } catch (error) {
      if (error instanceof ExtensionError) return error;
      throw error;
    }
  }

  async #listen(uuid: number): Promise<void> {
    const { info, manager, server, log } = this.#options;
    try {
      await server.listen(this.#path(uuid), uuid);
    } catch (error) {
      await manager.deregister(uuid, { timeoutMs: pingMs }).catch(() => {});
      throw error;
    }
    log('info', `registered as ${info.name} (uuid ${uuid})`);
  }

  #path(uuid: number): string {
    return `${this.#options.manager.socket}.${uuid}`;
  }
}
