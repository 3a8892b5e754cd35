import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../clock/index.ts';
import type { Change, Database } from './database.ts';

/** A host that enrolled. Times are wall-clock milliseconds. */
export interface StoredNode {
  /** Ours, never changes: what is kept per node is kept under it, across new node keys. */
  readonly id: string;
  readonly hostIdentifier: string;
  readonly platformType: string;
  /** As sent, or `null`. */
  readonly hostDetails: unknown;
  /** SHA-256 of the valid node keys: the keys themselves are not stored. */
  readonly keyHashes: readonly string[];
  readonly firstEnrolledAt: number;
  readonly enrolledAt: number;
  readonly lastSeenAt: number;
}

/** What a host says about itself when it enrolls. */
export interface Enrollment {
  readonly hostIdentifier: string;
  readonly platformType: string;
  readonly hostDetails: unknown;
}

/** Keys of one host that stay valid at most with `retireKeys` off. */
const maxKeys = 16;

const prefix = 'node!';

/** The enrolled nodes, in memory and in the database. */
export class NodeStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #retireKeys: boolean;
  readonly #byHost = new Map<string, StoredNode>();
  readonly #byId = new Map<string, StoredNode>();
  readonly #byKey = new Map<string, string>();
  readonly #seen = new Set<string>();

  private constructor(database: Database, clock: Clock, retireKeys: boolean) {
    this.#database = database;
    this.#clock = clock;
    this.#retireKeys = retireKeys;
  }

  /** @param retireKeys whether a new enrollment of a host makes its earlier keys invalid. */
  static async open(database: Database, clock: Clock, retireKeys: boolean): Promise<NodeStore> {
    const nodes = new NodeStore(database, clock, retireKeys);
    for await (const [, value] of database.entries(prefix)) nodes.#remember(JSON.parse(value));
    return nodes;
  }

  all(): StoredNode[] {
    return [...this.#byId.values()];
  }

  byId(id: string): StoredNode | undefined {
    return this.#byId.get(id);
  }

  /** @param name a host identifier or an id. */
  byName(name: string): StoredNode | undefined {
    return this.#byHost.get(name) ?? this.#byId.get(name);
  }

  /** The node of a valid key. Compares hashes, so that time says nothing about keys. */
  byKey(nodeKey: string): StoredNode | undefined {
    const id = this.#byKey.get(hash(nodeKey));
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Gives a host a new node key. Resolves when it is stored. */
  async enroll(host: Enrollment): Promise<{ node: StoredNode; nodeKey: string; again: boolean }> {
    const nodeKey = randomBytes(24).toString('base64url');
    const known = this.#byHost.get(host.hostIdentifier);
    const now = this.#clock.now();
    const kept = this.#retireKeys ? [] : (known?.keyHashes ?? []).slice(-maxKeys + 1);
    const node: StoredNode = {
      ...host,
      id: known?.id ?? randomUUID(),
      keyHashes: [...kept, hash(nodeKey)],
      firstEnrolledAt: known?.firstEnrolledAt ?? now,
      enrolledAt: now,
      lastSeenAt: now,
    };
    for (const old of known?.keyHashes ?? []) this.#byKey.delete(old);
    this.#remember(node);
    await this.#database.write([put(node)]);
    return { node, nodeKey, again: known !== undefined };
  }

  /** Makes every key of a host invalid, as if the server had forgotten it. */
  async revoke(hostIdentifier: string): Promise<void> {
    const node = this.#byHost.get(hostIdentifier);
    if (node === undefined) return;
    for (const key of node.keyHashes) this.#byKey.delete(key);
    const revoked = { ...node, keyHashes: [] };
    this.#remember(revoked);
    await this.#database.write([put(revoked)]);
  }

  /** Notes that a node was here. Kept in memory until `flush`. */
  touch(id: string): void {
    // Not what the caller holds: the host may have enrolled again since.
    const node = this.#byId.get(id);
    if (node === undefined) return;
    this.#remember({ ...node, lastSeenAt: this.#clock.now() });
    this.#seen.add(id);
  }

  /** Stores when the nodes were here last. */
  async flush(): Promise<void> {
    const changed = [...this.#seen].flatMap((id) => this.#byId.get(id) ?? []);
    this.#seen.clear();
    if (changed.length > 0) await this.#database.write(changed.map(put));
  }

  #remember(node: StoredNode): void {
    this.#byId.set(node.id, node);
    this.#byHost.set(node.hostIdentifier, node);
    for (const key of node.keyHashes) this.#byKey.set(key, node.id);
  }
}

function put(node: StoredNode): Change {
  return { type: 'put', key: `${prefix}${node.id}`, value: JSON.stringify(node) };
}

function hash(nodeKey: string): string {
  return createHash('sha256').update(nodeKey).digest('base64url');
}
