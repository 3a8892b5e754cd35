import { type Clock, within } from '../../clock/index.ts';
import type { NodeKeyStore } from './define.ts';
import { RemoteError } from './error.ts';
import { attemptMs } from './limits.ts';
import { RecentSecrets, Secrets } from './secrets.ts';

/** What the socket thread asks of the user's place for the node key. */
export type KeyRequest =
  | { readonly kind: 'load' }
  /** An empty key: the stored one is not to be used any more. */
  | { readonly kind: 'store'; readonly nodeKey: string };

export type KeyReply =
  /** The transport module has no such hook: the key belongs into the store of the socket thread. */
  | { readonly kind: 'none' }
  /** `nodeKey` is empty when nothing is stored. */
  | { readonly kind: 'loaded'; readonly nodeKey: string }
  | { readonly kind: 'stored' }
  /** May pass. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Asks the user's place for the node key. One question at a time: a late store must not win over a newer one. */
export class KeyHook {
  readonly #store: NodeKeyStore | undefined;
  readonly #clock: Clock;
  readonly #recent: RecentSecrets;
  #before: Promise<unknown> = Promise.resolve();

  /** @param recent takes the keys that come along, for who tells of what fails here or later */
  constructor(store: NodeKeyStore | undefined, clock: Clock, recent = new RecentSecrets()) {
    this.#store = store;
    this.#clock = clock;
    this.#recent = recent;
  }

  /** Never rejects. */
  async ask(request: KeyRequest): Promise<KeyReply> {
    const store = this.#store;
    if (store === undefined) return { kind: 'none' };
    const inTime = () => within(this.#clock, attemptMs, () => ask(store, request, this.#recent));
    const late = (error: Error) => failed(request, error.message);
    const reply = this.#before.then(() => inTime().catch(late));
    this.#before = reply;
    return reply;
  }
}

async function ask(store: NodeKeyStore, request: KeyRequest, recent: RecentSecrets): Promise<KeyReply> {
  try {
    if (request.kind === 'store') {
      recent.add([request.nodeKey]);
      await store.store(request.nodeKey);
      return { kind: 'stored' };
    }
    const nodeKey: unknown = (await store.load()) ?? '';
    if (typeof nodeKey !== 'string') return failed(request, `it gave ${typeof nodeKey}`);
    recent.add([nodeKey]);
    return { kind: 'loaded', nodeKey };
  } catch (error) {
    const own = request.kind === 'store' ? [request.nodeKey] : [];
    const text = RemoteError.from(error).message.replace(/^internal: /, '');
    return failed(request, new Secrets([...own, ...recent.values]).scrub(text));
  }
}

function failed({ kind }: KeyRequest, why: string): KeyReply {
  return { kind: 'failed', reason: `nodeKey.${kind}() of the transport module failed: ${why}` };
}
