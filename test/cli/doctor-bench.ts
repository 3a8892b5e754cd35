import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { examine } from '../../src/cli/doctor/index.ts';
import { steps as allSteps } from '../../src/cli/doctor/steps/index.ts';
import {
  CertificateAuthority,
  type CertificatePair,
  createServer,
  defaultPaths,
  type ReferenceServer,
  type ServerOptions,
} from '../../src/server/index.ts';

export const secret = 'a-made-up-enroll-secret';

export interface Examined {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What is not in order, as `failure tcp: text → advice`. */
  readonly problems: readonly string[];
  /** The same of one step, whatever its level. */
  of(step: string): string[];
}

export interface ExamineOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** In place of the flag file. */
  readonly argv?: readonly string[];
  readonly patienceMs?: number;
  /** These steps alone. Default: all. */
  readonly steps?: readonly string[];
}

/** A host on which all is well, with a reference server. What a test wants otherwise it gives as flags or changes. */
export class DoctorBench {
  readonly dir: string;
  readonly authority: CertificateAuthority;
  readonly certificate: CertificatePair;
  readonly server: ReferenceServer;

  private constructor(
    dir: string,
    authority: CertificateAuthority,
    certificate: CertificatePair,
    server: ReferenceServer,
  ) {
    this.dir = dir;
    this.authority = authority;
    this.certificate = certificate;
    this.server = server;
  }

  static async create(options: Partial<ServerOptions> = {}): Promise<DoctorBench> {
    const dir = mkdtempSync(join(tmpdir(), 'doctor-'));
    const authority = await CertificateAuthority.create('the right CA');
    const certificate = await authority.server({ commonName: 'the server' });
    const server = await createServer({
      secrets: [secret],
      config: { value: { schedule: {} } },
      tls: { ...certificate, ca: authority.certificate },
      ...options,
    });
    await server.listen();
    const bench = new DoctorBench(dir, authority, certificate, server);
    bench.write('ca.pem', authority.certificate);
    bench.write('secret', `${secret}\n`, 0o600);
    bench.write('bin/osquery-remote.ext', `#!/bin/sh\n  node='${process.execPath}'\n`, 0o755);
    bench.write('dist/ext/start.js', '');
    return bench;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, text: string, mode = 0o644): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  /** The flags of a host on which all is well. */
  get flags(): Record<string, string> {
    return {
      extension: this.path('bin/osquery-remote.ext'),
      extensions_socket: this.path('osq.em'),
      extensions_autoload: this.path('extensions.load'),
      extensions_timeout: '10',
      database_path: this.path('osquery.db'),
      tls_hostname: `localhost:${this.server.address.port}`,
      tls_server_certs: this.path('ca.pem'),
      enroll_secret_path: this.path('secret'),
      config_plugin: 'remote',
      config_refresh: '60',
      logger_plugin: 'remote',
      disable_distributed: 'false',
      distributed_plugin: 'remote',
      enroll_tls_endpoint: defaultPaths.enroll,
      config_tls_endpoint: defaultPaths.config,
      logger_tls_endpoint: defaultPaths.log,
      distributed_tls_read_endpoint: defaultPaths.distributed_read,
      distributed_tls_write_endpoint: defaultPaths.distributed_write,
    };
  }

  /** Writes a flag file. @param change flags that differ; `undefined` leaves one out. */
  flagFile(change: Readonly<Record<string, string | undefined>> = {}): string {
    const flags = Object.entries({ ...this.flags, ...change }).filter(([, value]) => value !== undefined);
    return this.write('osquery.flags', flags.map(([name, value]) => `--${name}=${value}\n`).join(''));
  }

  /** Runs the doctor. */
  async examine(
    change: Readonly<Record<string, string | undefined>> = {},
    { env = {}, argv, patienceMs = 10_000, steps }: ExamineOptions = {},
  ): Promise<Examined> {
    let out = '';
    let err = '';
    const code = await examine(
      argv ?? ['--json', '--flagfile', this.flagFile(change)],
      {
        stdout: { write: (text) => (out += text) },
        stderr: { write: (text) => (err += text) },
        stop: new AbortController().signal,
      },
      { env, patienceMs },
      allSteps.filter(({ name }) => steps?.includes(name) ?? true),
    );
    const findings = out
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<'step' | 'level' | 'text', string> & { advice?: string });
    const show = ({ step, level, text, advice }: (typeof findings)[number]) =>
      `${level} ${step}: ${text.replaceAll(this.dir, '<dir>')}${advice === undefined ? '' : ` → ${advice.replaceAll(this.dir, '<dir>')}`}`;
    return {
      code,
      out,
      err,
      problems: findings.filter(({ level }) => level === 'warning' || level === 'failure').map(show),
      of: (step) => findings.filter((finding) => finding.step === step).map(show),
    };
  }

  async close(): Promise<void> {
    await this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
