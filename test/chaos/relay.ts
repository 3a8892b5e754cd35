import { connect, createServer, type Server, type Socket } from 'node:net';
import { Passage } from './passage.ts';
import type { Random } from './random.ts';
import type { SocketFault } from './transport-plan.ts';

/** Part of the moments that fit a fault in which one happens, if not told otherwise. */
const usualChance = 0.5;

/** When a fault can begin: with a new connection, with a request on any, or on one that was used before. */
const begins: Readonly<Record<SocketFault, 'connection' | 'request' | 'reused'>> = {
  refused: 'connection',
  handshake_cut: 'connection',
  handshake_silent: 'connection',
  request_cut: 'request',
  half_open: 'request',
  half_closed: 'request',
  answer_cut: 'reused',
  lost_reply: 'reused',
  lying_keep_alive: 'reused',
  garbage: 'reused',
  trickle: 'reused',
};

/** How often idle connections are ended while nothing but faults of new ones is left. */
const freshMs = 300;

/**
 * Stands between client and server and does to connections what networks, proxies and dying servers do. Sees bytes
 * only: TLS goes through it untouched.
 */
export class Relay {
  readonly #target: () => number;
  readonly #random: Random;
  readonly #chance: number;
  readonly #waiting: SocketFault[];
  readonly #onFault: (kind: SocketFault) => void;
  readonly #sockets = new Set<Socket>();
  readonly #passages = new Set<Passage>();
  #server: Server | undefined;
  #freshen: NodeJS.Timeout | undefined;

  constructor(options: {
    /** The server's port. */
    readonly target: () => number;
    readonly random: Random;
    readonly faults: readonly SocketFault[];
    /** Part of the moments that fit a fault in which one happens; default 0.5. */
    readonly chance?: number;
    /** Each fault when it has happened. */
    readonly onFault: (kind: SocketFault) => void;
  }) {
    this.#target = options.target;
    this.#random = options.random;
    this.#chance = options.chance ?? usualChance;
    this.#waiting = [...options.faults];
    this.#onFault = options.onFault;
  }

  /** @returns the port. */
  async listen(): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#freshen = setInterval(() => this.#endIdle(), freshMs);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  async close(): Promise<void> {
    clearInterval(this.#freshen);
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    if (server?.listening) await new Promise((resolve) => server.close(resolve));
  }

  #take(moment: 'connection' | 'request' | 'reused'): SocketFault | undefined {
    if (this.#random.next() >= this.#chance) return undefined;
    const fits = (kind: SocketFault) =>
      begins[kind] === moment || (moment === 'reused' && begins[kind] === 'request');
    const index = this.#waiting.findIndex(fits);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  /** Connections that nothing breaks would be kept, and there would be no new one for the faults that need it. */
  #endIdle(): void {
    if (this.#waiting.length === 0 || this.#waiting.some((kind) => begins[kind] !== 'connection')) return;
    for (const passage of this.#passages) passage.endIfIdle();
  }

  #track(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }

  #accept(client: Socket): void {
    this.#track(client);
    const fault = this.#take('connection');
    if (fault === 'refused') {
      this.#onFault(fault);
      client.resetAndDestroy();
      return;
    }
    const server = this.#track(connect({ port: this.#target(), host: '127.0.0.1', allowHalfOpen: true }));
    const passage = new Passage(client, server, fault, {
      random: this.#random,
      take: (moment) => this.#take(moment),
      giveBack: (kind) => this.#waiting.push(kind),
      onFault: this.#onFault,
    });
    this.#passages.add(passage);
    client.on('close', () => this.#passages.delete(passage));
  }
}
