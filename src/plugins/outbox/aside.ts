import type { StreamName } from '../../api.ts';
import type { Caps } from './caps.ts';
import type { Lookups, SetAside, SetAsideInfo } from './lookups.ts';
import type { Loss } from './loss.ts';

/**
 * The lines that were taken out of their streams: held for another try, or quarantined. Their bytes stand in the
 * lookups, the rest is kept here. Changes are put to the lookups and stored by the next `save`.
 */
export class AsideLines {
  readonly #lookups: Lookups;
  readonly #caps: Caps;
  readonly #onLoss: (loss: Loss) => void;
  readonly #index = new Map<number, SetAsideInfo>();
  #nextId = 1;

  constructor(lookups: Lookups, caps: Caps, onLoss: (loss: Loss) => void) {
    this.#lookups = lookups;
    this.#caps = caps;
    this.#onLoss = onLoss;
  }

  /** @throws what the store says. */
  async load(): Promise<void> {
    for await (const { bytes, ...entry } of this.#lookups.entries()) {
      this.#index.set(entry.id, { ...entry, size: bytes.byteLength });
      this.#nextId = Math.max(this.#nextId, entry.id + 1);
    }
  }

  /** The id of the next line that is added. */
  get nextId(): number {
    return this.#nextId;
  }

  list(stream?: StreamName, state?: SetAside['state']): SetAsideInfo[] {
    return [...this.#index.values()].filter(
      (entry) =>
        (stream === undefined || entry.stream === stream) && (state === undefined || entry.state === state),
    );
  }

  count(stream: StreamName, state: SetAside['state']): number {
    let count = 0;
    for (const entry of this.#index.values())
      if (entry.stream === stream && entry.state === state) count += 1;
    return count;
  }

  get(id: number): SetAsideInfo | undefined {
    return this.#index.get(id);
  }

  /** Whether a line whose record has `bytes` may be held: one always, more as long as they are within the caps. */
  mayHold(bytes: number): boolean {
    const held = this.list(undefined, 'held');
    const size = held.reduce((sum, entry) => sum + entry.size, bytes);
    const { maxQuarantineLines, maxQuarantineBytes } = this.#caps;
    return held.length === 0 || (held.length < maxQuarantineLines && size <= maxQuarantineBytes);
  }

  /** With its bytes. Undefined if it is not there, or cannot be read. */
  async read(id: number): Promise<SetAside | undefined> {
    return this.#index.has(id) ? this.#lookups.entry(id) : undefined;
  }

  add(line: Omit<SetAside, 'id'>): number {
    const entry: SetAside = { ...line, id: this.#nextId++ };
    this.#put(entry);
    return entry.id;
  }

  /** A held line stays for good. */
  quarantine(entry: SetAside, reason: string, now: number): void {
    this.#put({ ...entry, state: 'quarantined', reason, setAsideAt: now });
  }

  /** The line has gone another way. @returns false if it was not there. */
  remove(id: number): boolean {
    if (!this.#index.delete(id)) return false;
    this.#lookups.removeEntry(id);
    return true;
  }

  #put(entry: SetAside): void {
    const { bytes, ...info } = entry;
    this.#index.set(entry.id, { ...info, size: bytes.byteLength });
    this.#lookups.putEntry(entry);
    if (entry.state === 'quarantined') this.#enforceCaps();
  }

  #enforceCaps(): void {
    const entries = this.list(undefined, 'quarantined');
    let lines = entries.length;
    let size = entries.reduce((sum, entry) => sum + entry.size, 0);
    for (const entry of entries.slice(0, -1)) {
      if (lines <= this.#caps.maxQuarantineLines && size <= this.#caps.maxQuarantineBytes) return;
      this.remove(entry.id);
      lines -= 1;
      size -= entry.size;
      this.#onLoss({ stream: entry.stream, lines: 1, reason: 'quarantine' });
    }
  }
}
