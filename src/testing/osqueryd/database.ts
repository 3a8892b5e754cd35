import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteString } from './engine/index.ts';

/** The column families that osqueryd opens. */
export const domains = [
  'configurations',
  'queries',
  'events',
  'logs',
  'carves',
  'distributed',
  'distributed_running',
  'query_performance',
] as const;

/**
 * osqueryd's database: domains of keys and values, all bytes, in byte order.
 * With a directory it is one JSON file there, so that a stand-in that starts again remembers what the last one knew.
 */
export class Database {
  readonly #domains = new Map<string, Map<ByteString, ByteString>>();
  readonly #file: string | undefined;
  #writing = false;

  /**
   * @param directory where to keep the database (`--database_path`); made when it does not exist. Default: memory.
   * @throws {Error} when the directory or its file cannot be used.
   */
  constructor(directory?: string) {
    for (const domain of domains) this.#domains.set(domain, new Map());
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#file = join(directory, 'stand-in.json');
    for (const [domain, entries] of readStored(this.#file)) this.#domains.set(domain, new Map(entries));
  }

  has(domain: string): boolean {
    return this.#domains.has(domain);
  }

  get(domain: string, key: ByteString): string | undefined {
    return this.#domains.get(domain)?.get(key);
  }

  put(domain: string, key: ByteString, value: ByteString): void {
    this.#domains.get(domain)?.set(key, value);
    this.#changed();
  }

  remove(domain: string, key: ByteString): void {
    if (this.#domains.get(domain)?.delete(key) === true) this.#changed();
  }

  /** Removes the keys from `low` to `high`, both included. */
  removeRange(domain: string, low: ByteString, high: ByteString): void {
    const entries = this.#domains.get(domain);
    if (entries === undefined) return;
    for (const key of entries.keys()) if (key >= low && key <= high) entries.delete(key);
    this.#changed();
  }

  /** Keys that begin with `prefix`, in byte order; at most `max`, or all when that is 0. */
  scan(domain: string, prefix: ByteString, max = 0): ByteString[] {
    const keys = [...(this.#domains.get(domain)?.keys() ?? [])]
      .filter((key) => key.startsWith(prefix))
      .sort();
    return max > 0 ? keys.slice(0, max) : keys;
  }

  /** Writes what is not on the disk yet. */
  flush(): void {
    if (this.#file === undefined || !this.#writing) return;
    this.#writing = false;
    const stored: Stored = [...this.#domains].map(([domain, entries]) => [domain, [...entries]]);
    writeFileSync(`${this.#file}.new`, JSON.stringify(stored), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Many changes in one turn of the event loop cost one write. */
  #changed(): void {
    if (this.#file === undefined || this.#writing) return;
    this.#writing = true;
    setImmediate(() => this.flush());
  }
}

type Stored = [domain: string, entries: [ByteString, ByteString][]][];

function readStored(file: string): Stored {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
