import type { ByteString } from './bytes.ts';
import type { ScanAnswer, TableRow } from './virtual-tables.ts';

type Known = { readonly rows: readonly TableRow[] } | { readonly error: ByteString };

interface Scan {
  readonly table: ByteString;
  readonly context: ByteString;
  readonly answer: Known;
}

/**
 * The scans of one statement in the order in which SQLite makes them. A statement that is run again makes the same
 * scans again and gets the same answers; the first scan that is new is fetched.
 */
export class StatementScans {
  readonly #generate: (table: ByteString, context: ByteString) => Known | Promise<Known>;
  #scans: Scan[] = [];
  #next = 0;
  #pending: (Omit<Scan, 'answer'> & { readonly answer: Promise<Known> }) | undefined;

  constructor(generate: (table: ByteString, context: ByteString) => Known | Promise<Known>) {
    this.#generate = generate;
  }

  /** Whether the statement was given up for a scan that `fetch` waits for. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  /** To be called before each run of the statement. */
  restart(): void {
    this.#next = 0;
  }

  scan(table: ByteString, context: ByteString): ScanAnswer {
    const known = this.#scans[this.#next];
    if (known !== undefined && known.table === table && known.context === context) {
      this.#next++;
      return known.answer;
    }
    // A statement that takes another way the second time (random(), the time) gets what it asks for now.
    this.#scans = this.#scans.slice(0, this.#next);
    const answer = this.#generate(table, context);
    if (answer instanceof Promise) {
      this.#pending = { table, context, answer };
      return 'pending';
    }
    this.#scans.push({ table, context, answer });
    this.#next++;
    return answer;
  }

  /** Waits for the rows of the pending scan. */
  async fetch(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#scans.push({ ...pending, answer: await pending.answer });
    this.#pending = undefined;
  }
}
