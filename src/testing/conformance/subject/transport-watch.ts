import type { SpawnTransport } from '../../../plugins/index.ts';

/** osquery's limit for an attempt: while it runs somebody waits for the network. */
const attemptMs = 16_000;

/** Between two attempts there are n² seconds. Every other sleep is a deadline for what real time ends. */
function isRest(ms: number): boolean {
  return ms !== attemptMs && Number.isInteger(Math.sqrt(ms / 1_000));
}

interface PortMessage {
  readonly type: string;
  readonly id: number;
  readonly ms?: number;
}

/** Knows how many requests the transport is busy with, by the messages that cross its port. */
export class TransportWatch {
  /** Requests so far. */
  begun = 0;
  #requests = new Set<number>();
  #rests = new Set<number>();

  /** Requests that wait for the server, and not for the next attempt. */
  get busy(): number {
    return Math.max(0, this.#requests.size - this.#rests.size);
  }

  around(spawn: SpawnTransport): SpawnTransport {
    return () => {
      const host = spawn();
      this.#requests = new Set();
      this.#rests = new Set();
      const { port } = host;
      const post = port.postMessage.bind(port);
      port.postMessage = (message: PortMessage, transfer?: []) => {
        if (message.type === 'request') {
          this.#requests.add(message.id);
          this.begun++;
        }
        if (message.type === 'cancel') this.#requests.delete(message.id);
        if (message.type === 'woke') this.#rests.delete(message.id);
        post(message, transfer);
      };
      port.on('message', ({ type, id, ms = 0 }: PortMessage) => {
        if (type === 'reply') this.#requests.delete(id);
        if (type === 'sleep' && isRest(ms)) this.#rests.add(id);
        if (type === 'unsleep') this.#rests.delete(id);
      });
      return host;
    };
  }
}
