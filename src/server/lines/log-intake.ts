import type { Database } from '../store/index.ts';
import type { LineRange } from './line-numbers.ts';
import type { LogFile } from './log-file.ts';
import type { Numbering, ReceivedLines } from './received-lines.ts';

export type LogStream = 'result' | 'status';

/** Lines of one log request. */
export interface LogBatch {
  readonly stream: LogStream;
  /** Host identifier of the node. */
  readonly node: string;
  readonly lines: readonly Uint8Array[];
  /** Where the client numbers its lines; `ranges` then lists exactly as many as `lines` holds. */
  readonly numbers?: { readonly numbering: Numbering; readonly ranges: readonly LineRange[] };
}

/** Lines that were not there before, as JSON text in bytes: perhaps not valid UTF-8. */
export interface AcceptedLines {
  readonly stream: LogStream;
  readonly node: string;
  readonly lines: readonly Uint8Array[];
}

interface Parts {
  readonly database: Database;
  readonly received: ReceivedLines;
  readonly files: Readonly<Record<LogStream, LogFile>>;
  /** Called before a batch is committed. When it throws, the batch is refused and the client sends it again. */
  readonly onLines: ((accepted: AcceptedLines) => void | Promise<void>) | undefined;
  /** Wait until files are on the disk itself before a batch is acknowledged. */
  readonly sync: boolean;
}

interface Waiting {
  readonly batch: LogBatch;
  readonly done: (repeated: number) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Takes batches in, one group after the other: what arrives while a group is written forms the next one.
 *
 * A group is committed by one atomic database batch that holds the numbers of its lines and the new ends of the files,
 * after the lines were appended. A crash before it leaves lines behind the stored end, which the next start cuts off,
 * and the client sends them again; a crash behind it leaves everything in place, and what the client repeats is
 * dropped. So a line is never there without its number, nor a number without its line. With `sync` that holds for
 * a loss of power too, as the files are on the disk before their ends are.
 */
export class LogIntake {
  readonly #parts: Parts;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** A failed rollback: nothing more can be taken in until it works. */
  #needsRollback = false;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the batch is committed, with the number of its lines that had been received before.
   * @throws {Error} when it could not be written, or all is closed; nothing of it was taken then.
   */
  take(batch: LogBatch): Promise<number> {
    if (this.#closed) return Promise.reject(new Error('the server is closing'));
    return new Promise((done, failed) => {
      this.#waiting.push({ batch, done, failed });
      this.#running ??= this.#run();
    });
  }

  /** Writes what is waiting. From now on nothing more is taken. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await Promise.all(Object.values(this.#parts.files).map((file) => file.close()));
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#needsRollback) await this.#rollback();
        const repeated = await this.#commit(group);
        for (const [i, { done }] of group.entries()) done(repeated[i] ?? 0);
      } catch (error) {
        await this.#rollback().catch(() => {});
        for (const { failed } of group) failed(error);
      }
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<number[]> {
    const { database, received, files, onLines, sync } = this.#parts;
    const repeated: number[] = [];
    const fresh: Record<LogStream, Uint8Array[]> = { result: [], status: [] };
    for (const { batch } of group) {
      const lines = await this.#withoutRepeats(batch);
      repeated.push(batch.lines.length - lines.length);
      if (lines.length === 0) continue;
      await onLines?.({ stream: batch.stream, node: batch.node, lines });
      for (const line of lines) fresh[batch.stream].push(line);
    }
    const touched = [files.result, files.status].filter(
      (_, i) => (i === 0 ? fresh.result : fresh.status).length > 0,
    );
    await files.result.append(fresh.result);
    await files.status.append(fresh.status);
    if (sync) await Promise.all(touched.map((file) => file.sync()));
    await database.write([...received.changes(), ...touched.map((file) => file.end())]);
    received.stored();
    for (const file of touched) file.committed();
    return repeated;
  }

  async #withoutRepeats({ lines, numbers }: LogBatch): Promise<readonly Uint8Array[]> {
    if (numbers === undefined) return lines;
    const fresh = await this.#parts.received.take(numbers.numbering, numbers.ranges);
    return fresh.includes(false) ? lines.filter((_, i) => fresh[i]) : lines;
  }

  async #rollback(): Promise<void> {
    this.#needsRollback = true;
    this.#parts.received.forget();
    await Promise.all(Object.values(this.#parts.files).map((file) => file.rollback()));
    this.#needsRollback = false;
  }
}
