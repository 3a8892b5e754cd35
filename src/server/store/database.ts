import { Level } from 'level';

/** One change; strings only. */
export type Change =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

/** The server's data directory cannot be used. The message says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * The level database of the server. Changes are written in the order in which they were handed over, those that wait
 * together in one batch; the changes of one `write` are stored together or not at all.
 */
export class Database {
  readonly #level: Level<string, string>;
  readonly #sync: boolean;
  #waiting: { changes: readonly Change[]; done: () => void; failed: (error: unknown) => void }[] = [];
  #writing: Promise<void> | undefined;

  private constructor(level: Level<string, string>, sync: boolean) {
    this.#level = level;
    this.#sync = sync;
  }

  /**
   * @param sync whether `write` waits until the changes are on the disk itself; default false.
   * @throws {StoreError} when the directory is in use or cannot be opened.
   */
  static async open(directory: string, sync = false): Promise<Database> {
    const level = new Level<string, string>(directory);
    try {
      await level.open();
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
        throw new StoreError(
          `${directory} is in use by another server; stop it or choose another data directory`,
        );
      }
      const reason = cause instanceof Error ? cause.message : String(error);
      throw new StoreError(`cannot open the database in ${directory}: ${reason}`, { cause: error });
    }
    return new Database(level, sync);
  }

  get(key: string): Promise<string | undefined> {
    return this.#level.get(key);
  }

  /** Everything below a prefix, in the order of the keys. The prefix is not part of the keys. */
  async *entries(prefix: string): AsyncGenerator<readonly [key: string, value: string]> {
    for await (const [key, value] of this.#level.iterator({ gte: prefix, lt: `${prefix}\uffff` })) {
      yield [key.slice(prefix.length), value];
    }
  }

  /** Resolves when the changes are with the operating system: they survive the death of this process, with `sync` of the machine. */
  write(changes: readonly Change[]): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ changes, done, failed });
      this.#writing ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#level.close();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#level.batch(
          group.flatMap(({ changes }) => [...changes]),
          { sync: this.#sync },
        );
        for (const { done } of group) done();
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
    }
    this.#writing = undefined;
  }
}
