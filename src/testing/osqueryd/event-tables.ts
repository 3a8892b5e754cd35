import type { Database } from './database.ts';
import { type ByteString, type HostTable, jsonObject, jsonString } from './engine/index.ts';
import type { Row } from './status.ts';

const columns: readonly (readonly [ByteString, HostTable['route']['columns'][number]['type']])[] = [
  ['target_path', 'TEXT'],
  ['category', 'TEXT'],
  ['action', 'TEXT'],
  ['transaction_id', 'BIGINT'],
  ['inode', 'BIGINT'],
  ['uid', 'BIGINT'],
  ['gid', 'BIGINT'],
  ['mode', 'TEXT'],
  ['size', 'BIGINT'],
  ['atime', 'BIGINT'],
  ['mtime', 'BIGINT'],
  ['ctime', 'BIGINT'],
  ['md5', 'TEXT'],
  ['sha1', 'TEXT'],
  ['sha256', 'TEXT'],
  ['hashed', 'INTEGER'],
  ['time', 'BIGINT'],
  ['eid', 'TEXT'],
];

const eventBased = 4;

/**
 * `file_events`, the one table of events that the stand-in has. It watches no files: whoever drives the stand-in
 * publishes the events.
 */
export class EventTables {
  readonly #events: Row[] = [];
  readonly #database: Database;
  /** First event that the running scheduled query sees. */
  #from = 0;
  /** How far each scheduled query has read. */
  readonly #read = new Map<ByteString, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  readonly table: HostTable = {
    route: {
      columns: columns.map(([name, type]) => ({ name, type, options: name === 'eid' ? 16 : 0 })),
      aliases: [],
      columnAliases: [],
      attributes: eventBased,
    },
    rows: () => this.#events.slice(this.#from),
  };

  /**
   * Stores an event.
   * @returns it as loggers get it: a flat JSON object with `eid` and `time`.
   */
  publish(values: Row, unixTime: number): ByteString {
    const eid = String(this.#nextId()).padStart(10, '0');
    const row = new Map([...values, ['eid', eid], ['time', String(unixTime)]]);
    this.#events.push(row);
    return jsonObject(
      [...row].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, jsonString(value)]),
    );
  }

  /** Whether a scheduled query reads events; it gets each event once. */
  isEventQuery(sql: ByteString): boolean {
    return /\bfile_events\b/i.test(sql);
  }

  /** Runs a scheduled query over the events that it has not seen yet. */
  async unseen<T>(name: ByteString, run: () => Promise<T>): Promise<T> {
    this.#from = this.#read.get(name) ?? 0;
    const end = this.#events.length;
    try {
      return await run();
    } finally {
      this.#from = 0;
      this.#read.set(name, end);
    }
  }

  /** The first event of a new database has number 2, as recorded. */
  #nextId(): number {
    const id = Number(this.#database.get('events', 'eid.file_events') ?? 1) + 1;
    this.#database.put('events', 'eid.file_events', String(id));
    return id;
  }
}
