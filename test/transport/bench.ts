import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import {
  inProcess,
  type LogLevel,
  type SpawnTransport,
  startTransport,
  type Transport,
  type TransportSettings,
} from '../../src/plugins/transport/index.ts';
import { CertificateAuthority, type CertificatePair } from '../../src/server/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { type Answer, ScriptServer, type Seen } from './script-server.ts';

/** A certificate and its key, as `node:tls` names them. */
export function tlsOf({ certificate, key }: CertificatePair): { cert: string; key: string } {
  return { cert: certificate, key };
}

/** A directory with certificates and a secret, for all tests of a file. */
export class Bench {
  readonly dir: string;
  readonly authority: CertificateAuthority;
  readonly server: CertificatePair;

  private constructor(dir: string, authority: CertificateAuthority, server: CertificatePair) {
    this.dir = dir;
    this.authority = authority;
    this.server = server;
  }

  static async create(): Promise<Bench> {
    const dir = mkdtempSync(join(tmpdir(), 'transport-'));
    const authority = await CertificateAuthority.create();
    const bench = new Bench(dir, authority, await authority.server());
    bench.write('ca.pem', authority.certificate);
    bench.write('secret', '  a-made-up-secret\n');
    return bench;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** Settings of a host whose flags have osquery's defaults. */
  settings(port: number, change: Partial<TransportSettings> = {}): TransportSettings {
    return {
      hostname: `localhost:${port}`,
      endpoints: {
        enroll: '/enroll',
        config: '/config',
        log: '/log',
        distributedRead: '/distributed_read',
        distributedWrite: '/distributed_write',
      },
      serverCerts: this.path('ca.pem'),
      clientCert: '',
      clientKey: '',
      proxyHostname: '',
      sessionReuse: true,
      sessionTimeoutS: 3_600,
      acceptGzip: false,
      secretAlways: false,
      enrollOverride: 'enroll_secret',
      secretPath: this.path('secret'),
      secretEnv: '',
      nodeApi: false,
      configAttempts: 3,
      distributedAttempts: 3,
      compress: false,
      maxLineBytes: 1_048_576,
      decorationsTopLevel: false,
      dump: false,
      osqueryVersion: '5.23.0',
      ...change,
    };
  }

  /** A server that answers by script, and a transport that talks to it. */
  async start(
    answer: (request: Seen) => Answer,
    options: {
      readonly change?: Partial<TransportSettings>;
      readonly tls?: TlsOptions;
      readonly spawn?: SpawnTransport;
    } = {},
  ): Promise<Talk> {
    const server = await ScriptServer.start({ ...tlsOf(this.server), ...options.tls }, answer);
    const clock = new VirtualClock();
    const logged: string[] = [];
    const settings = this.settings(server.port, options.change);
    const transport = startTransport({
      settings,
      clock,
      log: (level: LogLevel, text: string) => logged.push(`${level} ${text}`),
      spawn: options.spawn ?? inProcess(),
    });
    return new Talk(server, transport, clock, logged, settings);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A transport and its server. Disposing ends both. */
export class Talk implements AsyncDisposable {
  readonly server: ScriptServer;
  readonly transport: Transport;
  readonly clock: VirtualClock;
  readonly logged: string[];
  readonly settings: TransportSettings;
  readonly signal: AbortSignal = new AbortController().signal;

  constructor(
    server: ScriptServer,
    transport: Transport,
    clock: VirtualClock,
    logged: string[],
    settings: TransportSettings,
  ) {
    this.server = server;
    this.transport = transport;
    this.clock = clock;
    this.logged = logged;
    this.settings = settings;
  }

  config(signal = this.signal) {
    return this.transport.request({ endpoint: 'config', nodeKey: 'a-node-key' }, signal);
  }

  log(lines: readonly string[], signal = this.signal) {
    const records = lines.map((line, i) => ({
      number: i + 1,
      kind: 'line' as const,
      bytes: Buffer.from(line),
      acceptedAt: 0,
    }));
    const limits = { firstRow: 0, maxLines: 1_024, maxBytes: 1_000_000 };
    const batch = { stream: 'result' as const, writer: 'writer-1', records, ...limits };
    return this.transport.request({ endpoint: 'log', nodeKey: 'a-node-key', batch }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.close();
    await this.server.close();
  }
}
