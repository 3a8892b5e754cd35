import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** The binary of Debian's package `nats-server`, if it is on the path (also in the directories of root's). */
export function findNatsServer(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path));
}

/** A real NATS server with JetStream, and one stream for what the example sends. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** @param port -1 for any that is free */
  static async start(binary: string, store: string, port = -1): Promise<NatsServer> {
    const args = ['--jetstream', '--addr', '127.0.0.1', '--port', String(port), '--store_dir', store];
    const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let listening = 0;
    for await (const line of createInterface({ input: child.stderr })) {
      listening = Number(/client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? listening);
      if (line.includes('Server is ready')) break;
    }
    if (listening === 0) throw new Error('nats-server did not start');
    child.stderr.resume();
    return new NatsServer(child, listening);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async createStream(): Promise<void> {
    await this.#with((nats) =>
      nats.request(
        '$JS.API.STREAM.CREATE.OSQUERY',
        JSON.stringify({ name: 'OSQUERY', subjects: ['osquery.*'] }),
      ),
    );
  }

  /** Subject and text of all messages that are stored. */
  async stored(): Promise<[subject: string, text: string][]> {
    return this.#with(async (nats) => {
      const info = await nats.request('$JS.API.STREAM.INFO.OSQUERY');
      const { state } = info.json<{ state: { messages: number } }>();
      const found: [string, string][] = [];
      for (let seq = 1; seq <= state.messages; seq++) {
        const reply = await nats.request('$JS.API.STREAM.MSG.GET.OSQUERY', JSON.stringify({ seq }));
        const { message } = reply.json<{ message: { subject: string; data: string } }>();
        found.push([message.subject, Buffer.from(message.data, 'base64').toString()]);
      }
      return found;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #with<T>(use: (nats: NatsConnection) => Promise<T>): Promise<T> {
    const nats = await connect({ servers: this.url });
    try {
      return await use(nats);
    } finally {
      await nats.close();
    }
  }
}
