import type { Frame } from './frame.ts';

/** A record that its owner gave a key, and that still waits. */
export interface WaitingRecord {
  readonly writer: string;
  readonly number: number;
  readonly key: string;
  /** What the owner wrote beside the key, for example a hash of the SQL. */
  readonly tag: string;
  readonly lines: number;
  readonly acceptedAt: number;
}

/** Which keys wait, in the order of their first record. */
export class WaitingKeys {
  readonly #byKey = new Map<string, WaitingRecord[]>();

  get map(): ReadonlyMap<string, readonly WaitingRecord[]> {
    return this.#byKey;
  }

  /** @returns the records that are void now, because `frame` replaces or cancels them. */
  add(writer: string, frame: Frame): WaitingRecord[] {
    if (frame.key === '') return [];
    const before = this.#byKey.get(frame.key) ?? [];
    const replaces = frame.replaces || frame.kind === 'cancel';
    const rest = replaces ? [] : before;
    if (frame.kind !== 'cancel') {
      const { number, key, tag, lines, acceptedAt } = frame;
      rest.push({ writer, number, key, tag, lines, acceptedAt });
    }
    if (rest.length > 0) this.#byKey.set(frame.key, rest);
    else this.#byKey.delete(frame.key);
    return replaces ? before : [];
  }

  /** The records from `first` to `last` of `writer` have left the queue. @returns those of them that have a key. */
  remove(writer: string, first: number, last: number): WaitingRecord[] {
    const removed: WaitingRecord[] = [];
    for (const [key, records] of this.#byKey) {
      const rest: WaitingRecord[] = [];
      for (const record of records) {
        const { number } = record;
        (record.writer === writer && first <= number && number <= last ? removed : rest).push(record);
      }
      if (rest.length === 0) this.#byKey.delete(key);
      else if (rest.length < records.length) this.#byKey.set(key, rest);
    }
    return removed;
  }
}
