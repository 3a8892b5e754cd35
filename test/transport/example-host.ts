import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BatchRecord, RecordKind } from '../../src/plugins/outbox/index.ts';
import {
  inWorker,
  startTransport,
  type Transport,
  type TransportReply,
  type TransportSettings,
} from '../../src/plugins/transport/index.ts';
import { createServer, type ReferenceServer, type ServerOptions } from '../../src/server/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import type { Bench } from './bench.ts';

/** What every server of these tests knows. */
export const serverOptions: ServerOptions = {
  secrets: ['a-made-up-secret'],
  config: { value: { schedule: {} } },
};

/** A host whose transport runs one of the examples, and the reference server that it talks to. */
export class ExampleHost implements AsyncDisposable {
  readonly server: ReferenceServer;
  readonly transport: Transport;
  readonly clock = new VirtualClock();
  readonly logged: string[] = [];
  readonly #before: Readonly<Record<string, string | undefined>>;
  readonly #signal = new AbortController().signal;

  private constructor(
    server: ReferenceServer,
    settings: TransportSettings,
    module: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.server = server;
    this.#before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
    // The thread copies the environment when it starts.
    Object.assign(process.env, env);
    this.transport = startTransport({
      settings,
      clock: this.clock,
      log: (level, text) => this.logged.push(`${level} ${text}`),
      spawn: inWorker({
        module: fileURLToPath(new URL(`../../examples/transport/${module}`, import.meta.url)),
      }),
    });
  }

  static async start(
    bench: Bench,
    module: string,
    options: {
      readonly server?: Partial<ServerOptions>;
      readonly env?: Readonly<Record<string, string>>;
      readonly change?: Partial<TransportSettings>;
    } = {},
  ): Promise<ExampleHost> {
    const server = await createServer({ ...serverOptions, ...options.server });
    await server.listen();
    const settings = bench.settings(server.address.port, { serverCerts: server.caFile, ...options.change });
    return new ExampleHost(server, settings, module, options.env ?? {});
  }

  /** Enrolls. The node key, or the outcome if there is none. */
  async enroll(): Promise<string> {
    const host = { hostIdentifier: 'host-1', platformType: '9', hostDetails: {} };
    const { outcome } = await this.transport.request({ endpoint: 'enroll', ...host }, this.#signal);
    return outcome.kind === 'delivered' ? Buffer.from(outcome.body).toString() : JSON.stringify(outcome);
  }

  config(nodeKey: string): Promise<TransportReply> {
    return this.transport.request({ endpoint: 'config', nodeKey }, this.#signal);
  }

  log(nodeKey: string, texts: readonly string[], kind: RecordKind = 'line'): Promise<TransportReply> {
    const records: BatchRecord[] = texts.map((text, i) => ({
      number: i + 1,
      kind,
      bytes: Buffer.from(text),
      acceptedAt: 0,
    }));
    const stream = kind === 'statuses' ? 'status' : 'result';
    const limits = { firstRow: 0, maxLines: 1_000, maxBytes: 1_000_000 };
    const batch = { stream, writer: 'writer-1', records, ...limits } as const;
    return this.transport.request({ endpoint: 'log', nodeKey, batch }, this.#signal);
  }

  write(nodeKey: string, results: unknown): Promise<TransportReply> {
    const bytes = Buffer.from(JSON.stringify(results));
    return this.transport.request({ endpoint: 'distributed_write', nodeKey, results: bytes }, this.#signal);
  }

  /** The lines that the server has written. */
  lines(stream: 'result' | 'status' = 'result'): string[] {
    return readFileSync(this.server.logFile(stream), 'utf8').split('\n').slice(0, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, value] of Object.entries(this.#before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await this.transport.close();
    await this.server.close();
  }
}
