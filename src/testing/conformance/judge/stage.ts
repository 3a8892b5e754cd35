import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as realSleep, setImmediate as turn } from 'node:timers/promises';
import { VirtualClock } from '../../virtual-clock.ts';
import type { Cell } from '../cell.ts';
import { type Arrival, type Certificates, ScriptedServer } from '../server/index.ts';
import type { Host, OpenSubject, Subject } from '../subject/index.ts';

/** So long the judge waits, in real time, for what has to happen without any time passing. */
const patienceMs = 20_000;
const firstKey = 'first-key';

/** Client, server and clock of one cell, and the judge's hand on the clock. */
export class Stage implements AsyncDisposable {
  readonly server: ScriptedServer;
  readonly clock: VirtualClock;
  subject: Subject;
  readonly #host: Host;
  readonly #open: OpenSubject;

  private constructor(server: ScriptedServer, host: Host, open: OpenSubject, subject: Subject) {
    this.server = server;
    this.clock = host.clock;
    this.#host = host;
    this.#open = open;
    this.subject = subject;
  }

  static async set(
    cell: Cell,
    certificates: Certificates,
    open: OpenSubject,
    log: Host['log'],
  ): Promise<Stage> {
    const clock = new VirtualClock();
    const enrolled = cell.endpoint !== 'enroll';
    const nodeKey = enrolled ? firstKey : undefined;
    const server = await ScriptedServer.start({ clock, certificates, nodeKey });
    const dir = mkdtempSync(join(tmpdir(), 'conformance-'));
    writeFileSync(join(dir, 'root.pem'), certificates.root);
    writeFileSync(join(dir, 'secret'), 'a-made-up-secret\n');
    const database = new Map(
      enrolled ? [['nodeKey', firstKey] as const, ['nodeKeyTime', '1700000000'] as const] : [],
    );
    writeFileSync(join(dir, 'client.pem'), certificates.client.certificate);
    writeFileSync(join(dir, 'client.key'), certificates.client.key);
    const more = Object.entries(cell.given.flags ?? {}).map(([name, value]) => [
      name,
      value.replace('{dir}', dir),
    ]);
    const flags = { ...flagsFor(server.hostname, dir), ...Object.fromEntries(more) };
    const host = { clock, dir, flags, database, log };
    // The first enrollment comes by itself.
    if (!enrolled) await server.arm(cell.endpoint, cell.script);
    return new Stage(server, host, open, await open(host));
  }

  /** Ends the client and starts it again on the same host. */
  async restart(): Promise<void> {
    await this.subject.close();
    this.subject = await this.#open(this.#host);
  }

  /** Waits until nothing is under way that real time ends. */
  async settle(): Promise<void> {
    const end = performance.now() + patienceMs;
    for (let calm = 0; calm < 3 && performance.now() < end; ) {
      const before = this.server.arrivals.length;
      await turn();
      await realSleep(1);
      await turn();
      const quiet = this.subject.underWay() <= this.server.held && before === this.server.arrivals.length;
      calm = quiet ? calm + 1 : 0;
    }
    // What drips is to have dripped in the time that passes: the second byte that is sent follows one that has come.
    const { drops } = this.server;
    while (this.server.drips && this.server.drops < drops + 2 && performance.now() < end) await realSleep(1);
  }

  /** Lets so much time pass, in one go where nothing drips meanwhile. */
  async pass(ms: number): Promise<void> {
    await this.settle();
    if (this.server.drips) return this.goOn(ms);
    await this.clock.advance(ms);
    await this.settle();
  }

  /** Lets much time pass, and stops the clock whenever somebody waits for the network. */
  async goOn(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    await this.settle();
    while (this.clock.monotonic() < end) {
      const step = Math.max(1, this.clock.pending()[0] ?? 1_000);
      await this.clock.advance(Math.min(step, end - this.clock.monotonic()));
      if (this.server.drips || this.subject.underWay() > this.server.held) await this.settle();
    }
    await this.settle();
  }

  /** Lets time pass in small steps until `done`, for `limitMs` at most. @returns whether it came to that */
  async until(done: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.clock.monotonic() + limitMs;
    await this.settle();
    while (!done() && this.clock.monotonic() < end) {
      const step = Math.max(1, this.clock.pending()[0] ?? 1_000);
      await this.clock.advance(Math.min(step, end - this.clock.monotonic()));
      await this.settle();
    }
    return done();
  }

  /** The answer to a call of osqueryd, which may take its time. @throws if it does not come at all */
  async answered<T>(call: Promise<T>): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    call.then(end, end);
    // osqueryd gives up after 300 s.
    if (!(await this.until(() => over, 300_000))) throw new Error('osqueryd waited 300 s for an answer');
    return call;
  }

  /** Lets time pass up to the deadline of an attempt, and waits until the client has given up what hangs. */
  async giveUp(deadlineMs: number): Promise<void> {
    const { arrivals } = this.server;
    const before = arrivals.length;
    await this.pass(deadlineMs);
    const end = performance.now() + patienceMs;
    // It may hang again by now.
    while (this.server.held > 0 && arrivals.length === before && performance.now() < end) await realSleep(1);
    await this.settle();
  }

  /** Waits, without letting time pass, until the client has begun so many requests. */
  async begun(count: number): Promise<void> {
    const end = performance.now() + patienceMs;
    while (this.subject.requests() < count && performance.now() < end) await realSleep(1);
    await this.settle();
  }

  /** Waits for arrivals without letting time pass. @returns whether there are so many */
  async arrived(count: number, where: (arrival: Arrival) => boolean): Promise<boolean> {
    const enough = () => this.server.arrivals.filter(where).length >= count;
    if (enough()) return true;
    const over = new AbortController();
    const come = new Promise<void>((resolve) => {
      const stop = this.server.watch(() => {
        if (!enough()) return;
        stop();
        resolve();
      });
    });
    await Promise.race([come, realSleep(patienceMs, undefined, { signal: over.signal }).catch(() => {})]);
    over.abort();
    return enough();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.subject.close();
    await this.server.close();
    rmSync(this.#host.dir, { recursive: true, force: true });
  }
}

function flagsFor(hostname: string, dir: string): Record<string, string> {
  return {
    config_plugin: 'remote',
    logger_plugin: 'remote',
    distributed_plugin: 'remote',
    disable_distributed: 'false',
    tls_hostname: hostname,
    tls_server_certs: join(dir, 'root.pem'),
    enroll_secret_path: join(dir, 'secret'),
    enroll_tls_endpoint: '/enroll',
    config_tls_endpoint: '/config',
    logger_tls_endpoint: '/log',
    distributed_tls_read_endpoint: '/read',
    distributed_tls_write_endpoint: '/write',
    host_identifier: 'specified',
    specified_identifier: 'made-up-host',
    config_refresh: '300',
  };
}
