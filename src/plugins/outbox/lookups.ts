import type { StreamName } from '../../api.ts';
import type { RecordKind } from './batch.ts';
import type { StoredPosition } from './journal/journal.ts';
import { type Loss, parseLoss } from './loss.ts';

/** What the outbox needs of an open `level` database with text keys and values; a `Level` or sublevel will do. */
export interface LookupStore {
  batch(operations: LookupOperation[], options: { sync?: boolean }): Promise<void>;
  iterator(options: { gte: string; lt: string }): AsyncIterable<[string, string]>;
}

export type LookupOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

/** What is stored of a stream beside its records. */
export interface StreamState extends StoredPosition {
  readonly delivered: number;
  readonly dropped: number;
  readonly batches: number;
  /** Dropped lines that are not reported yet. */
  readonly unreported: readonly Loss[];
  /** Largest body that the server takes, as far as it has shown. */
  readonly limitBytes?: number;
}

/** A line that was taken out of its stream. */
export interface SetAside {
  readonly id: number;
  readonly stream: StreamName;
  /** `held`: the server refused it, and it is tried again alone. `quarantined`: it stays until somebody decides. */
  readonly state: 'held' | 'quarantined';
  readonly writer: string;
  readonly record: number;
  readonly kind: RecordKind;
  /** The row of the record that is meant. */
  readonly row: number;
  readonly reason: string;
  /** Wall-clock milliseconds. */
  readonly acceptedAt: number;
  readonly setAsideAt: number;
  /** As given at `append`, empty if none. */
  readonly key: string;
  readonly tag: string;
  /** Of the whole record. */
  readonly bytes: Uint8Array;
}

/** An entry without its bytes, as kept in memory. */
export type SetAsideInfo = Omit<SetAside, 'bytes'> & { readonly size: number };

const prefix = 'outbox!';
const statePrefix = `${prefix}state!`;
const entryPrefix = `${prefix}aside!`;
const end = '\uffff';

/**
 * Positions, counters and lines set aside, in `level`. Writes go one after the other. A write that fails is kept and
 * goes with the next one: the journal works on meanwhile, and a crash then means that a few lines are sent again.
 */
export class Lookups {
  readonly #store: LookupStore;
  readonly #onError: (error: unknown) => void;
  readonly #pending = new Map<string, LookupOperation>();
  /** The states as they were put last. */
  readonly #states = new Map<string, string>();
  #sync = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: LookupStore, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  /** @throws what the store says. An entry that makes no sense is left out. */
  async loadStates(): Promise<Partial<Record<StreamName, StreamState>>> {
    const states: Partial<Record<StreamName, StreamState>> = {};
    for await (const [key, value] of this.#store.iterator({ gte: statePrefix, lt: statePrefix + end })) {
      const stream = key.slice(statePrefix.length);
      const state = parseState(value);
      if (state !== undefined && isStream(stream)) states[stream] = state;
    }
    return states;
  }

  /** Entries in order. @throws what the store says. */
  async *entries(from = 0): AsyncGenerator<SetAside> {
    for await (const [, value] of this.#store.iterator({ gte: entryKey(from), lt: entryPrefix + end })) {
      const entry = parseEntry(value);
      if (entry !== undefined) yield entry;
    }
  }

  async entry(id: number): Promise<SetAside | undefined> {
    const unsaved = this.#pending.get(entryKey(id));
    if (unsaved !== undefined) return unsaved.type === 'put' ? parseEntry(unsaved.value) : undefined;
    for await (const [, value] of this.#store.iterator({ gte: entryKey(id), lt: entryKey(id + 1) })) {
      return parseEntry(value);
    }
    return undefined;
  }

  putState(stream: StreamName, state: StreamState): void {
    const key = statePrefix + stream;
    const value = JSON.stringify(state);
    if (this.#states.get(key) === value) return;
    this.#states.set(key, value);
    this.#pending.set(key, { type: 'put', key, value });
  }

  putEntry(entry: SetAside): void {
    const key = entryKey(entry.id);
    const value = JSON.stringify({ ...entry, bytes: Buffer.from(entry.bytes).toString('base64') });
    this.#pending.set(key, { type: 'put', key, value });
    this.#sync = true;
  }

  removeEntry(id: number): void {
    const key = entryKey(id);
    this.#pending.set(key, { type: 'del', key });
  }

  /**
   * Writes what was put since, in one piece. Resolves when that is done or has failed; never rejects.
   * @param options.sync also to the disk, as entries always are
   */
  save(options: { readonly sync?: boolean } = {}): Promise<void> {
    this.#sync ||= options.sync === true;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#pending.size === 0) return;
    const operations = [...this.#pending];
    const sync = this.#sync;
    this.#sync = false;
    try {
      await this.#store.batch(
        operations.map(([, operation]) => operation),
        { sync },
      );
      for (const [key, operation] of operations) {
        if (this.#pending.get(key) === operation) this.#pending.delete(key);
      }
    } catch (error) {
      this.#sync ||= sync;
      this.#onError(error);
    }
  }
}

function entryKey(id: number): string {
  return entryPrefix + String(id).padStart(12, '0');
}

function parseState(value: string): StreamState | undefined {
  const state = parse(value);
  if (!isObject(state) || !isObject(state['position'])) return undefined;
  const { sequence, writer, record, row } = state['position'];
  if (!isCount(sequence) || typeof writer !== 'string' || !isCount(record) || !isCount(row)) return undefined;
  const gaps = Array.isArray(state['gaps']) ? state['gaps'].flatMap(parseGap) : [];
  const unreported = Array.isArray(state['unreported'])
    ? state['unreported'].filter(isObject).flatMap(parseLoss)
    : [];
  const { delivered, dropped, batches, limitBytes } = state;
  return {
    position: { sequence, writer, record, row },
    gaps,
    delivered: isCount(delivered) ? delivered : 0,
    dropped: isCount(dropped) ? dropped : 0,
    batches: isCount(batches) ? batches : 0,
    unreported,
    ...(isCount(limitBytes) ? { limitBytes } : {}),
  };
}

function parseGap(value: unknown): { writer: string; first: number; last: number }[] {
  if (!isObject(value)) return [];
  const { writer, first, last } = value;
  return typeof writer === 'string' && isCount(first) && isCount(last) ? [{ writer, first, last }] : [];
}

function parseEntry(value: string): SetAside | undefined {
  const entry = parse(value);
  if (!isObject(entry)) return undefined;
  const { id, stream, state, writer, record, kind, row, reason, acceptedAt, setAsideAt, key, tag, bytes } =
    entry;
  if (!isStream(stream)) return undefined;
  if (state !== 'held' && state !== 'quarantined') return undefined;
  if (kind !== 'line' && kind !== 'rows' && kind !== 'statuses' && kind !== 'results') return undefined;
  if (!isCount(id) || !isCount(record) || !isCount(row)) return undefined;
  if (typeof writer !== 'string' || typeof reason !== 'string' || typeof bytes !== 'string') return undefined;
  if (typeof key !== 'string' || typeof tag !== 'string') return undefined;
  if (typeof acceptedAt !== 'number' || typeof setAsideAt !== 'number') return undefined;
  const body = Buffer.from(bytes, 'base64');
  return {
    id,
    stream,
    state,
    writer,
    record,
    kind,
    row,
    reason,
    acceptedAt,
    setAsideAt,
    key,
    tag,
    bytes: body,
  };
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function isStream(value: unknown): value is StreamName {
  return value === 'result' || value === 'status' || value === 'distributed';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
