import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { createServer, type ReferenceServer, type ServerOptions } from '../../../src/server/index.ts';
import { Core } from '../../chaos/core.ts';
import type { PluginOutcome } from '../../chaos/core-replies.ts';
import { ExtensionControl } from '../../chaos/extension.ts';
import { extension } from '../../package/build.ts';

export const secret = 'a-made-up-secret';

export interface RealHostOptions {
  /** Flags of osqueryd that differ. */
  readonly flags?: Readonly<Record<string, string>>;
  /** For the extension. */
  readonly env?: (dir: string) => Readonly<Record<string, string>>;
  readonly server?: Partial<ServerOptions>;
  readonly secret?: string;
  /** More arguments of the extension, as osqueryd would give them. */
  readonly arguments?: readonly string[];
}

/** The extension that is shipped, as a process, with somebody who speaks as osqueryd does and a server with TLS. */
export class RealHost implements AsyncDisposable {
  readonly dir: string;
  readonly core: Core;
  readonly server: ReferenceServer;
  readonly extension: ExtensionControl;
  /** Lines that were answered with 0. */
  accepted = 0;
  /** From the start of the ping to the answer of the call, in milliseconds. */
  readonly callTimes: number[] = [];
  /** What was wrong with pings beside the calls. */
  readonly failedPings: string[] = [];
  #disposed = false;

  private constructor(dir: string, core: Core, server: ReferenceServer, control: ExtensionControl) {
    this.dir = dir;
    this.core = core;
    this.server = server;
    this.extension = control;
  }

  /** @param prepare is given the directory before anything runs */
  static async start(options: RealHostOptions = {}, prepare?: (dir: string) => void): Promise<RealHost> {
    const dir = mkdtempSync(join(tmpdir(), 'host-'));
    const given = options.secret ?? secret;
    writeFileSync(join(dir, 'secret'), `${given}\n`, { mode: 0o600 });
    prepare?.(dir);
    const server = await createServer({
      secrets: [given],
      config: { value: { schedule: {} } },
      ...options.server,
    });
    await server.listen();
    const flags = { ...flagsFor(dir, server), ...options.flags };
    const socketPath = join(dir, 'osq.em');
    const core = new Core({ socketPath, flags: () => flags, intervalMs: 1000, log: () => {} });
    await core.start();
    const path = join(dir, 'extension.sh');
    writeFileSync(path, `#!/bin/sh\nexec '${extension}' "$@" ${(options.arguments ?? []).join(' ')}\n`);
    chmodSync(path, 0o755);
    const control = new ExtensionControl({
      path,
      core,
      env: { PATH: process.env['PATH'], ...options.env?.(dir) },
      outputFile: join(dir, 'output'),
    });
    control.start();
    const host = new RealHost(dir, core, server, control);
    while (!core.has('logger/remote')) await core.changed();
    // Our tables come after the first configuration.
    await host.#ok('config', new Map([['action', 'genConfig']]));
    return host;
  }

  /** What the extension has printed. */
  output(): string {
    return readFileSync(join(this.dir, 'output'), 'utf8');
  }

  /** Hands a line over as osqueryd does. @throws when the answer would end osqueryd. */
  async line(text: string): Promise<void> {
    const from = performance.now();
    await this.#ok('logger', new Map(Object.entries({ category: 'event', string: text })));
    this.callTimes.push(performance.now() - from);
    this.accepted++;
  }

  /** The lines that are at the server. */
  arrived(): string[] {
    try {
      return readFileSync(this.server.logFile('result'), 'latin1').split('\n').slice(0, -1);
    } catch {
      return [];
    }
  }

  /** How many result lines the server was told are lost. */
  reportedLost(): number {
    let text = '';
    try {
      text = readFileSync(this.server.logFile('status'), 'latin1');
    } catch {
      // None was told of.
    }
    const reports = text.matchAll(/osquery-remote lost (\d+) lines? of the result stream/g);
    return [...reports].reduce((sum, [, lines]) => sum + Number(lines), 0);
  }

  /** Rows of a table of ours, once it is registered. */
  async table(name: string): Promise<ReadonlyMap<string, string>[]> {
    while (!this.core.has(`table/${name}`)) await this.core.changed();
    const outcome = await this.#call(
      'table',
      name,
      new Map(Object.entries({ action: 'generate', context: '{"constraints":[]}' })),
    );
    if (outcome.kind !== 'answered' || outcome.code !== 0) throw new Error(JSON.stringify(outcome));
    return [...outcome.rows];
  }

  /** Pings beside the calls, one after the other, on connections of their own, until this is disposed. */
  async keepPinging(): Promise<void> {
    while (!this.#disposed) {
      const ping = await this.core.ping('logger/remote');
      if (typeof ping === 'number') this.core.pingTimes.push(ping);
      else if (!this.#disposed) this.failedPings.push(ping);
      await rest(20);
    }
  }

  /** For the reader of the tests: how long pings took, those before each call and those beside. */
  pings(): {
    readonly p99: number;
    readonly worst: number;
    /** Over a second. */
    readonly late: number;
    readonly count: number;
  } {
    const sorted = [...this.core.pingTimes].sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    const late = sorted.filter((ms) => ms > 1000).length;
    return { p99, worst: sorted.at(-1) ?? 0, late, count: sorted.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.extension.kill();
    this.extension.close();
    await this.core.stop();
    await this.server.close();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** An extension that has just registered listens a moment later, for which osqueryd waits. */
  async #call(registry: string, item: string, request: ReadonlyMap<string, string>): Promise<PluginOutcome> {
    for (const until = performance.now() + 3000; ; ) {
      const outcome = await this.core.call(registry, item, request);
      const early = outcome.kind === 'not available' && outcome.masked;
      if (!early || performance.now() > until) return outcome;
      await rest(5);
    }
  }

  async #ok(registry: string, request: ReadonlyMap<string, string>): Promise<void> {
    const outcome = await this.#call(registry, 'remote', request);
    if (outcome.kind === 'answered' && outcome.code === 0) return;
    throw new Error(`osqueryd would end: ${JSON.stringify(outcome)}\n${this.output()}`);
  }
}

function flagsFor(dir: string, server: ReferenceServer): Readonly<Record<string, string>> {
  return {
    tls_hostname: server.hostname,
    tls_server_certs: server.caFile,
    config_plugin: 'remote',
    logger_plugin: 'remote',
    distributed_plugin: 'remote',
    disable_distributed: 'false',
    host_identifier: 'specified',
    specified_identifier: 'the-host',
    database_path: join(dir, 'osquery.db'),
    extensions_socket: join(dir, 'osq.em'),
    extensions_interval: '1',
    enroll_secret_path: join(dir, 'secret'),
    enroll_tls_endpoint: '/enroll',
    config_tls_endpoint: '/config',
    logger_tls_endpoint: '/log',
    logger_tls_period: '1',
    logger_tls_backoff_max: '2',
    distributed_tls_read_endpoint: '/distributed_read',
    distributed_tls_write_endpoint: '/distributed_write',
  };
}
