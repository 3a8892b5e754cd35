import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import {
  Extension,
  type ExtensionEnd,
  ExtensionManager,
  type ExtensionOptions,
  type Plugin,
} from '../../../src/extension/index.ts';
import { VirtualClock } from '../../../src/testing/index.ts';
import { type StandInEvent, StandInOsqueryd } from '../../../src/testing/osqueryd/index.ts';

export interface DaemonSetting {
  /** Flags beside those for the socket, a config without a schedule and no logging. */
  readonly argv?: readonly string[];
  readonly directory?: string;
  readonly clock?: VirtualClock;
  /** The plugins of an extension that the daemon starts, in this process. */
  readonly plugins?: readonly Plugin[];
  readonly onStop?: () => Promise<void>;
  readonly bootMs?: () => number;
  readonly issueUuid?: () => number;
}

/** A stand-in osqueryd in virtual time, and extensions that live in this process. */
export class Daemon {
  readonly clock: VirtualClock;
  readonly directory: string;
  readonly socket: string;
  readonly standIn: StandInOsqueryd;
  readonly manager: ExtensionManager;
  readonly events: StandInEvent[] = [];
  /** Those that the daemon started, in order. */
  readonly extensions: Extension[] = [];
  /** What the extensions logged. */
  readonly lines: string[] = [];
  #booting = 0;
  #gone = false;

  constructor(setting: DaemonSetting = {}) {
    this.clock = setting.clock ?? new VirtualClock();
    this.directory = setting.directory ?? mkdtempSync(join(tmpdir(), 'osq-'));
    this.socket = join(this.directory, 'osq.em');
    this.manager = new ExtensionManager(this.socket, { clock: this.clock });
    const configPath = join(this.directory, 'osquery.conf');
    writeFileSync(configPath, '{}');
    const path = join(this.directory, 'in-process.ext');
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, 0o755);
    const { plugins, onStop } = setting;
    this.standIn = new StandInOsqueryd({
      argv: [
        `--extensions_socket=${this.socket}`,
        `--config_path=${configPath}`,
        '--disable_logging=true',
        ...(plugins === undefined ? [] : [`--extension=${path}`]),
        ...(setting.argv ?? []),
      ],
      clock: this.clock,
      env: {},
      print: () => {},
      ...(setting.issueUuid && { issueUuid: setting.issueUuid }),
      ...(setting.bootMs && { bootMs: setting.bootMs }),
      spawn: () => {
        const extension = this.extension({
          plugins: plugins ?? [],
          parent: { gone: () => this.#gone },
          ...(onStop && { onStop }),
        });
        this.extensions.push(extension);
        extension.start().catch(() => {});
        const exited = extension.ended.then(({ code }) => ({ code, signal: null }));
        return { pid: 1, exited, kill: (signal) => void extension.stop(signal) };
      },
    });
    this.standIn.on((event) => {
      this.events.push(event);
      if (event.kind === 'worker_spawned') this.#booting += 1;
      if (event.kind === 'worker_started') this.#booting -= 1;
      // One that was killed before it was up.
      if (event.kind === 'worker_exited') this.#booting = 0;
      if (event.kind === 'exited') this.#gone = true;
    });
  }

  /** An extension that is not started yet, by hand unless `parent` is given. */
  extension(options: Partial<ExtensionOptions> = {}): Extension {
    return new Extension({
      name: 'under_test',
      version: '1.0.0',
      plugins: [],
      socket: this.socket,
      clock: this.clock,
      log: (level, text) => this.lines.push(`${level}: ${text}`),
      ...options,
    });
  }

  /** Starts it, and waits until its manager answers. */
  async start(): Promise<this> {
    this.standIn.start();
    await this.until(() => this.has('worker_started'));
    return this;
  }

  /** Whether an event of the kind came so many times. */
  has(kind: StandInEvent['kind'], times = 1): boolean {
    return this.events.filter((event) => event.kind === kind).length >= times;
  }

  /** Names and ids of the extensions that it accepted, in order. */
  registered(): { name: string; uuid: number }[] {
    return this.events.flatMap((event) =>
      event.kind === 'registered' && event.status.code === 0 ? [{ name: event.name, uuid: event.uuid }] : [],
    );
  }

  /** What it asked of plugins, with the code of the answer. */
  calls(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'call'
        ? [
            `${event.call.registry}/${event.call.request.get('action') ?? [...event.call.request.keys()][0]} ${event.reply.code}`,
          ]
        : [],
    );
  }

  /** Lets time pass until `met`; fails after `limitMs` of virtual time. */
  async until(met: () => boolean | undefined, limitMs = 600_000): Promise<void> {
    const end = this.clock.monotonic() + limitMs;
    for (;;) {
      await this.#quiet();
      if (met() === true) return;
      const [next] = this.clock.pending();
      if (next === undefined || this.clock.monotonic() + next > end) {
        throw new Error(
          `it did not come to pass within ${limitMs / 1000} s; lines: ${this.lines.join(' | ')}`,
        );
      }
      await this.clock.advance(next);
    }
  }

  /** Lets so much time pass, and everything happen that is due. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    await this.#quiet();
    for (let [next] = this.clock.pending(); next !== undefined; [next] = this.clock.pending()) {
      if (this.clock.monotonic() + next > end) break;
      await this.clock.advance(next);
      await this.#quiet();
    }
    await this.clock.advance(end - this.clock.monotonic());
    await this.#quiet();
  }

  /** Lets time pass until `promise` is settled. */
  async settled<T>(promise: Promise<T>, limitMs?: number): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    promise.then(end, end);
    await this.until(() => over, limitMs);
    return promise;
  }

  /** How an extension ended, and after how long. */
  async end(extension: Extension, limitMs?: number): Promise<ExtensionEnd & { readonly afterMs: number }> {
    const start = this.clock.monotonic();
    const end = await this.settled(extension.ended, limitMs);
    return { ...end, afterMs: this.clock.monotonic() - start };
  }

  /** Both ends of all sockets are in this process: a few turns bring everything to where it waits for time. */
  async #quiet(): Promise<void> {
    for (let calm = 0; calm < 24; calm++) {
      await turn();
      if (this.#booting > 0) calm = 0;
    }
  }
}
