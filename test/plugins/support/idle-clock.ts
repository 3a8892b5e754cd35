import { setImmediate as turn } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { Level } from 'level';
import { AsideLines } from '../../../src/plugins/outbox/aside.ts';
import { Segment } from '../../../src/plugins/outbox/journal/segment.ts';
import type { SpawnTransport } from '../../../src/plugins/transport/index.ts';
import { VirtualClock } from '../../../src/testing/index.ts';

/** Sleeps from here on are limits of what the network may take. Shorter ones are waits between attempts. */
const leastLimitMs = 10_000;
const stepMs = 250;
const limitMs = 3 * 3_600_000;

/** Calls that the disk has not answered yet. */
let diskCalls = 0;

/** Wraps a method that takes the disk's time, for all objects of its class. */
function countCalls<Name extends string>(
  prototype: Record<Name, (...args: never[]) => unknown>,
  name: Name,
): void {
  const method = prototype[name];
  prototype[name] = function counted(this: unknown, ...args: never[]) {
    const done: unknown = Reflect.apply(method, this, args);
    if (done instanceof Promise) {
      diskCalls++;
      done.finally(() => diskCalls--).catch(() => {});
    }
    return done;
  };
}

countCalls(Level.prototype, 'batch');
countCalls(Segment.prototype, 'read');
countCalls(AsideLines.prototype, 'read');

/**
 * A virtual clock that knows whether anybody waits for the network or the disk, which live in real time: `until` and
 * `pass` move it only while nobody does, so that no deadline passes because the machine is slow.
 */
export class IdleClock extends VirtualClock {
  /** Set while a server is asked that never answers: then nobody can wait for it to do so. */
  hopeless = false;
  readonly #requests = new Set<number>();
  readonly #naps = new Set<number>();
  #thinking = 0;

  /** For the server: takes so much time before it answers a request. Longer than the client waits is not meant. */
  async think(ms: number): Promise<void> {
    this.#thinking++;
    await this.sleep(ms);
    this.#thinking--;
  }

  /** Watches what a transport does. */
  watch(spawn: SpawnTransport): SpawnTransport {
    return () => {
      const host = spawn();
      this.#requests.clear();
      this.#naps.clear();
      this.#listen(host.port);
      const onExit: typeof host.onExit = (listener) =>
        host.onExit((reason) => {
          // Of a thread that has ended nobody waits for an answer.
          this.#requests.clear();
          this.#naps.clear();
          listener(reason);
        });
      return Object.assign(Object.create(host), { onExit });
    };
  }

  /** Lets time pass until `what` has happened. */
  async until<T>(what: Promise<T>): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    what.then(end, end);
    const start = this.monotonic();
    await turn();
    while (!over) {
      if (this.monotonic() - start > limitMs) throw new Error('it did not happen within three hours');
      await this.#step(stepMs);
    }
    return what;
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.monotonic() + ms;
    while (this.monotonic() < end) await this.#step(end - this.monotonic());
    while (this.#busy()) await turn();
  }

  async #step(atMost: number): Promise<void> {
    if (this.#busy()) await turn();
    else await this.advance(Math.min(atMost, Math.max(1, this.pending()[0] ?? atMost)));
  }

  #busy(): boolean {
    return diskCalls > 0 || (!this.hopeless && this.#requests.size > this.#naps.size + this.#thinking);
  }

  #listen(port: MessagePort): void {
    const post = port.postMessage.bind(port);
    port.postMessage = (message: { type: string; id: number }, transfer?: []) => {
      if (message.type === 'request' || message.type === 'key') this.#requests.add(message.id);
      if (message.type === 'cancel') this.#requests.delete(message.id);
      if (message.type === 'woke') this.#naps.delete(message.id);
      post(message, transfer);
    };
    port.on('message', ({ type, id, ms }: { type: string; id: number; ms?: number }) => {
      if (type === 'reply' || type === 'key') this.#requests.delete(id);
      if (type === 'sleep' && (ms ?? 0) < leastLimitMs) this.#naps.add(id);
      if (type === 'unsleep') this.#naps.delete(id);
    });
  }
}
