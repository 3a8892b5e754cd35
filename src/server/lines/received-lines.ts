import type { StreamName } from '../../api.ts';
import type { Change, Database } from '../store/index.ts';
import { eachLine, type LineRange } from './line-numbers.ts';
import { LineSet } from './line-set.ts';

/** Where numbers are unique: one stream of one writer of one node. */
export interface Numbering {
  readonly node: string;
  readonly writer: string;
  readonly stream: StreamName;
}

/** Records whose lines share one database entry, so that a batch rewrites only the entries that it touches. */
const recordsPerEntry = 4096;

/** Entries that stay in memory; a busy numbering needs one or two. */
const maxCached = 4096;

const prefix = 'lines!';

/**
 * Which lines the server has, per numbering. `take` changes memory only: the caller stores `changes()` together with
 * the lines themselves, or calls `forget` when that failed.
 */
export class ReceivedLines {
  readonly #database: Database;
  readonly #sets = new Map<string, LineSet>();
  readonly #changed = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Marks lines as received.
   * @returns for each line, in order, whether it is new.
   */
  async take(numbering: Numbering, ranges: readonly LineRange[]): Promise<boolean[]> {
    const fresh: boolean[] = [];
    let entry = -1;
    let set = new LineSet();
    for (const [record, row] of eachLine(ranges)) {
      if (Math.floor(record / recordsPerEntry) !== entry) {
        entry = Math.floor(record / recordsPerEntry);
        const key = keyOf(numbering, entry);
        set = await this.#load(key);
        this.#changed.add(key);
      }
      fresh.push(set.add(record, row));
    }
    return fresh;
  }

  /** What `take` changed since the last `stored` or `forget`. */
  changes(): Change[] {
    return [...this.#changed].map((key) => ({ type: 'put', key, value: String(this.#sets.get(key)) }));
  }

  /** The changes are in the database. */
  stored(): void {
    this.#changed.clear();
    for (const key of this.#sets.keys()) {
      if (this.#sets.size <= maxCached) break;
      this.#sets.delete(key);
    }
  }

  /** The changes did not get into the database: what is there counts. */
  forget(): void {
    this.#changed.clear();
    this.#sets.clear();
  }

  async #load(key: string): Promise<LineSet> {
    const cached = this.#sets.get(key);
    // What was used last goes to the end of the map, and what stands first is dropped first.
    this.#sets.delete(key);
    const set = cached ?? LineSet.parse((await this.#database.get(key)) ?? '');
    this.#sets.set(key, set);
    return set;
  }
}

function keyOf({ node, writer, stream }: Numbering, entry: number): string {
  return `${prefix}${node}!${writer}!${stream}!${entry}`;
}
