import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { SocketFault } from './transport-plan.ts';

/** A connection on which nothing has moved for so long has its answer: what comes next is another request. */
const quietMs = 20;
/** Given to the server to process what it was sent, before its answer is lost. */
const lostAfterMs = 30;

export interface PassageOptions {
  readonly random: Random;
  readonly take: (moment: 'request' | 'reused') => SocketFault | undefined;
  /** The connection ended before the fault had happened. */
  readonly giveBack: (kind: SocketFault) => void;
  readonly onFault: (kind: SocketFault) => void;
}

/** One connection through the relay, with at most one fault, which is its last thing in most cases. */
export class Passage {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #options: PassageOptions;
  #fault: SocketFault | undefined;
  #fired = false;
  /** Bytes that pass before the fault happens. */
  #left: number;
  #bursts = 0;
  #lastFrom: 'client' | 'server' = 'server';
  #lastAt = performance.now();
  #trickled: Promise<void> = Promise.resolve();

  constructor(client: Socket, server: Socket, fault: SocketFault | undefined, options: PassageOptions) {
    this.#client = client;
    this.#server = server;
    this.#options = options;
    this.#fault = fault;
    this.#left = options.random.between(1, 1200);
    client.on('data', (piece) => this.#up(piece));
    server.on('data', (piece) => this.#down(piece));
    client.on('end', () => server.end());
    server.on('end', () => {
      if (!this.#fired || this.#fault === 'garbage') client.end();
    });
    client.on('close', () => {
      server.destroy();
      if (this.#fault !== undefined && !this.#fired) options.giveBack(this.#fault);
    });
    server.on('close', () => {
      if (!this.#fired) client.destroy();
    });
  }

  /** As a server does with a connection that nobody uses. */
  endIfIdle(): void {
    const idle = this.#lastFrom === 'server' && performance.now() - this.#lastAt > quietMs;
    if (!idle || this.#bursts < 2 || this.#fault !== undefined) return;
    this.#server.end();
    this.#client.end();
  }

  #fire(): void {
    if (this.#fired || this.#fault === undefined) return;
    this.#fired = true;
    this.#options.onFault(this.#fault);
  }

  #cut(): void {
    const reset = this.#options.random.next() < 0.6;
    this.#fire();
    this.#server.destroy();
    if (reset) this.#client.resetAndDestroy();
    else this.#client.end();
  }

  #up(piece: Buffer): void {
    const now = performance.now();
    if (this.#lastFrom === 'server') {
      this.#bursts++;
      const reused = this.#bursts > 2 && now - this.#lastAt > quietMs;
      if (this.#bursts >= 2 && this.#fault === undefined) this.#arm(reused ? 'reused' : 'request');
    }
    this.#lastFrom = 'client';
    this.#lastAt = now;
    switch (this.#fault) {
      case 'handshake_silent':
        this.#fire();
        return;
      case 'lying_keep_alive':
        // The server closed it long ago, as it seems now.
        this.#cut();
        return;
      case 'request_cut':
        if (piece.length > this.#left) {
          this.#server.write(piece.subarray(0, this.#left), () => this.#cut());
          this.#left = Number.POSITIVE_INFINITY;
          return;
        }
        this.#left -= piece.length;
        break;
      case 'half_open':
        this.#fire();
        // In every second case the server gets the request, and only its answer never comes.
        if (this.#left % 2 === 0) return;
        break;
      case 'half_closed':
        this.#fire();
        if (this.#left % 2 === 0) this.#client.end();
        else {
          this.#server.end(piece);
          return;
        }
        break;
    }
    this.#server.write(piece);
  }

  #arm(moment: 'request' | 'reused'): void {
    this.#fault = this.#options.take(moment);
    if (this.#fault === 'request_cut') this.#left = this.#options.random.between(0, 200);
    else this.#left = this.#options.random.between(1, 200);
  }

  #down(piece: Buffer): void {
    this.#lastFrom = 'server';
    this.#lastAt = performance.now();
    switch (this.#fault) {
      case 'handshake_silent':
      case 'half_open':
        return;
      case 'handshake_cut':
      case 'answer_cut':
        if (piece.length > this.#left) {
          const part = piece.subarray(0, this.#left);
          this.#left = Number.POSITIVE_INFINITY;
          this.#client.write(part, () => this.#cut());
          return;
        }
        this.#left -= piece.length;
        break;
      case 'lost_reply':
        if (!this.#fired) setTimeout(() => this.#cut(), lostAfterMs);
        this.#fire();
        return;
      case 'garbage':
        if (!this.#fired) this.#client.write(Buffer.alloc(40, this.#left));
        this.#fire();
        break;
      case 'trickle':
        this.#fire();
        this.#trickled = this.#trickled.then(() => this.#trickle(piece));
        return;
      case 'half_closed':
        if (this.#client.writableEnded) return;
        break;
    }
    this.#client.write(piece);
  }

  async #trickle(piece: Buffer): Promise<void> {
    for (let at = 0; at < piece.length && !this.#client.destroyed; at += 16) {
      this.#client.write(piece.subarray(at, at + 16));
      await sleep(10);
    }
  }
}
