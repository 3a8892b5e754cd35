import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../../clock/index.ts';
import type { Endpoint } from '../cell.ts';
import { type Certificates, serverName } from './certificates.ts';
import { protocols, spoil } from './connection-faults.ts';
import { Elsewhere } from './elsewhere.ts';
import { HonestServer, type Said, said, wireProblems } from './honest.ts';
import { replyBytes } from './reply-bytes.ts';
import { headerOf, RequestReader, type WireRequest } from './request-reader.ts';
import type { ConnectionFault, Script, ScriptedReply } from './script.ts';

/** A request to the endpoint in question, or a connection that was met with a fault. */
export interface Arrival {
  /** Milliseconds on the virtual clock. */
  readonly at: number;
  /** Undefined for a connection. */
  readonly endpoint: Endpoint | undefined;
  readonly key: string | undefined;
  readonly lines: readonly string[];
  /** The script was played. */
  readonly hit: boolean;
  /** The request was answered as by a server without a fault, and the node key was right. */
  readonly accepted: boolean;
}

interface Connection {
  readonly raw: Socket;
  readonly tls: TLSSocket;
  served: number;
}

/** Bytes of a `drip` come so often, in real milliseconds. */
const dripMs = 1;

/**
 * A server on a real socket with real TLS that plays a script for one endpoint and is honest for the rest. What it has
 * seen is the truth of a cell.
 */
export class ScriptedServer {
  readonly honest: HonestServer;
  readonly arrivals: Arrival[] = [];
  /** What was wrong with requests whatever they said. */
  readonly problems: string[] = [];
  /** Connections that will get no (further) byte, until the client ends them. */
  held = 0;
  /** Bytes of all drips so far. */
  drops = 0;
  #dripping = 0;
  readonly #clock: Clock;
  readonly #certificates: Certificates;
  readonly #elsewhere: Elsewhere;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<() => void>();
  #port = 0;
  #script: { readonly endpoint: Endpoint; readonly script: Script } | undefined;
  #hits = 0;

  private constructor(options: ScriptedServerOptions, elsewhere: Elsewhere) {
    this.#clock = options.clock;
    this.#certificates = options.certificates;
    this.honest = new HonestServer(options.nodeKey);
    this.#elsewhere = elsewhere;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  static async start(options: ScriptedServerOptions): Promise<ScriptedServer> {
    const server = new ScriptedServer(options, await Elsewhere.start());
    await server.#listen();
    return server;
  }

  /** `host:port`, for `--tls_hostname`. */
  get hostname(): string {
    return `${serverName}:${this.#port}`;
  }

  /** Connections to the place that only a redirect names. */
  get strayed(): number {
    return this.#elsewhere.connections;
  }

  /** Begins to play the script. */
  async arm(endpoint: Endpoint, script: Script): Promise<void> {
    this.#script = { endpoint, script };
    this.#hits = 0;
    const { act } = script;
    if (act.kind === 'connection' || act.kind === 'idle close') this.#endConnections();
    if (act.kind === 'connection' && act.fault === 'refuse') await this.#close();
  }

  /** Is honest from now on. Connections that hang go on hanging. */
  async heal(): Promise<void> {
    this.#script = undefined;
    if (!this.#server.listening) await this.#listen();
  }

  /** Calls back after each arrival. @returns ends that */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  async close(): Promise<void> {
    await Promise.all([this.#close(), this.#elsewhere.close()]);
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #close(): Promise<void> {
    this.#endConnections();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #endConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(raw: Socket): void {
    this.#sockets.add(raw);
    raw.on('close', () => this.#sockets.delete(raw));
    raw.on('error', () => {});
    raw.setNoDelay(true);
    const fault = this.#connectionFault();
    if (fault === undefined) {
      this.#serve(
        raw,
        new TLSSocket(raw, { isServer: true, secureContext: this.#certificates.good, ...protocols }),
      );
      return;
    }
    this.#hits++;
    this.#arrived({ endpoint: undefined, key: undefined, lines: [], hit: true, accepted: false });
    spoil(raw, fault, {
      secureContext: this.#certificates.bad(fault) ?? this.#certificates.good,
      hold: () => this.#hold(raw),
      onTrusted: () => this.problems.push(`a request was sent in spite of: ${fault}`),
    });
  }

  #connectionFault(): ConnectionFault | undefined {
    const { act, hits } = this.#script?.script ?? {};
    if (act?.kind !== 'connection' || (hits === 'first' && this.#hits > 0)) return undefined;
    return act.fault;
  }

  #serve(raw: Socket, tls: TLSSocket): void {
    const connection: Connection = { raw, tls, served: 0 };
    const reader = new RequestReader();
    tls.on('secure', () => {
      if (tls.alpnProtocol === 'h2') this.problems.push('the client would speak HTTP/2');
    });
    tls.on('error', () => raw.destroy());
    tls.on('data', (piece) => {
      reader.push(piece);
      for (let request = reader.take(); request !== undefined; request = reader.take()) {
        this.#requested(connection, request);
      }
    });
  }

  #requested(connection: Connection, request: WireRequest): void {
    const what = said(request);
    const { endpoint, key, lines } = what;
    this.problems.push(...wireProblems(request, what));
    const script = this.#hitBy(connection, request, what);
    if (script === undefined) {
      const reply = this.honest.answer(request, what);
      const accepted = reply.body !== '{"node_invalid":true}';
      connection.tls.write(replyBytes(reply));
      connection.served++;
      this.#arrived({ endpoint, key, lines, hit: false, accepted });
      return;
    }
    this.#hits++;
    if (script.forgetsKey === true) this.honest.know(undefined);
    if (script.issuesKey !== undefined) this.honest.know(script.issuesKey);
    if (script.act.kind === 'lost reply') this.honest.answer(request, what);
    this.#play(connection, request, script);
    this.#arrived({ endpoint, key, lines, hit: true, accepted: false });
  }

  #hitBy(connection: Connection, request: WireRequest, { endpoint }: Said): Script | undefined {
    const { script } = this.#script ?? {};
    // What was redirected has arrived at another place of the same server.
    if (script === undefined || endpoint !== this.#script?.endpoint) return undefined;
    if (request.target.startsWith('/moved/') && !isLoop(script)) return undefined;
    const { act, hits } = script;
    if (act.kind === 'connection' || act.kind === 'idle close') return undefined;
    if (act.kind === 'stale' && connection.served === 0) return undefined;
    if (hits === 'first') return this.#hits === 0 ? script : undefined;
    if (hits === 'until healed' || hits === 'always') return script;
    if (hits === 'gzip') return headerOf(request.headers, 'content-encoding') === 'gzip' ? script : undefined;
    if ('longerThan' in hits) return request.body.length > hits.longerThan ? script : undefined;
    return request.body.includes(hits.holding) ? script : undefined;
  }

  #play({ raw, tls }: Connection, request: WireRequest, { act }: Script): void {
    switch (act.kind) {
      case 'reply': {
        tls.write(replyBytes(this.#placed(act.reply, request)));
        if (act.reply.framing === 'close') tls.end();
        return;
      }
      case 'bytes':
        tls.write(act.bytes, () => (act.reset === true ? raw.resetAndDestroy() : tls.end()));
        return;
      case 'reset':
      case 'stale':
      case 'lost reply':
        raw.resetAndDestroy();
        return;
      case 'close':
        tls.end();
        return;
      case 'hang':
        this.#hold(raw);
        return;
      case 'drip': {
        this.#hold(raw);
        tls.write('HTTP/1.1 200 Scripted\r\nContent-Length: 1000000\r\n\r\n{');
        const dripping = setInterval(() => {
          tls.write(' ');
          this.drops++;
        }, dripMs);
        this.#dripping++;
        raw.on('close', () => {
          clearInterval(dripping);
          this.#dripping--;
        });
        return;
      }
      default:
        return;
    }
  }

  /** Whether an answer is being given that never ends. */
  get drips(): boolean {
    return this.#dripping > 0;
  }

  #placed(reply: ScriptedReply, request: WireRequest): ScriptedReply {
    const path = request.target.replace('/moved', '');
    const headers = reply.headers?.map(([name, value]) => {
      const placed = value
        .replace('{here}', `https://${this.hostname}`)
        .replace('{elsewhere}', this.#elsewhere.hostname)
        .replace('{path}', path);
      return [name, placed] as const;
    });
    return { ...reply, ...(headers && { headers }) };
  }

  #hold(raw: Socket): void {
    this.held++;
    raw.on('close', () => {
      this.held--;
    });
  }

  #arrived(arrival: Omit<Arrival, 'at'>): void {
    this.arrivals.push({ at: this.#clock.monotonic(), ...arrival });
    for (const watcher of [...this.#watchers]) watcher();
  }
}

export interface ScriptedServerOptions {
  readonly clock: Clock;
  readonly certificates: Certificates;
  /** A key that the server knows from the beginning. */
  readonly nodeKey: string | undefined;
}

/** A redirect that leads to itself. */
function isLoop({ act, hits }: Script): boolean {
  return act.kind === 'reply' && act.reply.status >= 300 && act.reply.status < 400 && hits !== 'first';
}
