import { join } from 'node:path';
import type { Plugin, PluginReply } from '../../../extension/index.ts';
import { inProcess, RemotePlugins, Service, type SpawnTransport } from '../../../plugins/index.ts';
import { Core } from './core.ts';
import type { Host, OpenSubject, Subject } from './subject.ts';
import { TransportWatch } from './transport-watch.ts';

export interface RemoteSubjectOptions {
  /** Where the transport runs, for example with your own module around it. Default: in this thread, without one. */
  readonly spawn?: SpawnTransport;
}

/** The plugins of this package as the client under judgement, without their process and their socket. */
export function remoteSubject(options: RemoteSubjectOptions = {}): OpenSubject {
  return (host) => RemoteSubject.open(host, options);
}

class RemoteSubject implements Subject {
  readonly #core: Core;
  readonly #watch: TransportWatch;
  readonly #plugins: readonly Plugin[];
  readonly #service: Service;
  readonly #ending: AbortController;
  readonly #enrollsNever: boolean;
  readonly #log: Host['log'];

  private constructor(parts: {
    core: Core;
    watch: TransportWatch;
    plugins: readonly Plugin[];
    service: Service;
    ending: AbortController;
    enrollsNever: boolean;
    log: Host['log'];
  }) {
    this.#core = parts.core;
    this.#watch = parts.watch;
    this.#plugins = parts.plugins;
    this.#service = parts.service;
    this.#ending = parts.ending;
    this.#enrollsNever = parts.enrollsNever;
    this.#log = parts.log;
  }

  static async open(host: Host, { spawn }: RemoteSubjectOptions): Promise<Subject> {
    const { clock } = host;
    const watch = new TransportWatch();
    const core = new Core(host.flags, host.database);
    const remote = new RemotePlugins(clock);
    const ending = new AbortController();
    const service = await Service.open({
      manager: core,
      intake: remote.intake,
      clock,
      env: { OSQUERY_REMOTE_STORE: join(host.dir, 'store') },
      log: host.log,
      signal: ending.signal,
      spawn: watch.around(spawn ?? inProcess()),
      random: () => 0.5,
    });
    remote.attach(service);
    const enrollsNever = host.flags['disable_enrollment'] === 'true';
    return new RemoteSubject({
      core,
      watch,
      plugins: remote.plugins,
      service,
      ending,
      enrollsNever,
      log: host.log,
    });
  }

  async string(line: string): Promise<number> {
    return (await this.#call('logger', { string: line, category: 'event' })).code;
  }

  async genConfig(): Promise<string | undefined> {
    const { code, rows } = await this.#call('config', { action: 'genConfig' });
    return code === 0 ? textOf(rows[0]?.get('remote')) : undefined;
  }

  async getQueries(): Promise<string | undefined> {
    const { code, rows } = await this.#call('distributed', { action: 'getQueries' });
    return code === 0 ? textOf(rows[0]?.get('results')) : undefined;
  }

  async writeResults(results: string): Promise<number> {
    return (await this.#call('distributed', { action: 'writeResults', results })).code;
  }

  pushed(): string | undefined {
    return this.#core.pushed;
  }

  waiting(): number {
    return this.#service.outbox
      .stats()
      .reduce((sum, { stream, lines }) => sum + (stream === 'status' ? 0 : lines), 0);
  }

  async quarantined(): Promise<readonly string[]> {
    const { quarantine } = this.#service.outbox;
    const texts = await Promise.all(quarantine.list().map(({ id }) => quarantine.read(id)));
    return texts.map((bytes) => Buffer.from(bytes ?? '').toString());
  }

  dropped(): number {
    return this.#service.outbox.stats().reduce((sum, { dropped }) => sum + dropped, 0);
  }

  underWay(): number {
    const { enrolled, nextAttemptMs = 0 } = this.#service.enrollment.status();
    const enrolling = !enrolled && nextAttemptMs === 0 && !this.#enrollsNever;
    return Math.max(this.#watch.busy, enrolling ? 1 : 0);
  }

  requests(): number {
    return this.#watch.begun;
  }

  async close(): Promise<void> {
    this.#ending.abort(new Error('the process ends'));
    await this.#service.close();
  }

  /** As osqueryd calls. What a plugin throws is a status 1, as the extension's server makes it. */
  async #call(registry: Plugin['registry'], request: Readonly<Record<string, string>>): Promise<PluginReply> {
    const plugin = this.#plugins.find((one) => one.registry === registry);
    const entries = Object.entries(request).map(([key, value]) => [key, Buffer.from(value)] as const);
    try {
      return (await plugin?.call(new Map(entries))) ?? { code: 1, message: 'no such plugin', rows: [] };
    } catch (error) {
      this.#log('info', `${registry}: osqueryd is told: ${error}`);
      return { code: 1, message: String(error), rows: [] };
    }
  }
}

function textOf(value: string | Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString();
}
