import type { BehindWriter, WriteJob } from './disk-thread.ts';
import type { Segment } from './segment.ts';

export interface WriteBehindOptions {
  readonly dir: string;
  readonly writer: BehindWriter;
  /** Segments in memory, in the order in which they are to be written. */
  readonly waiting: () => Iterable<Segment>;
  readonly isActive: (segment: Segment) => boolean;
  /** Whether what is written now must be synced. */
  readonly sync: () => boolean;
  /** A job has ended well after `tookMs`; `filed` stands in its file from now on. */
  readonly onWritten: (bytes: number, tookMs: number, filed: Segment | undefined) => void;
  readonly onError: (error: Error) => void;
}

interface Running {
  readonly job: WriteJob;
  readonly segment: Segment;
  readonly end: number;
}

/** How long a call waits for its record to be written. */
const patienceMs = 50;

/**
 * Writes the segments that wait in memory, piece by piece, in another thread. As long as that keeps up, a record is in
 * its file when `append` returns. When a piece takes longer than a call may, later calls do not wait until it is done.
 */
export class WriteBehind {
  readonly #options: WriteBehindOptions;
  #running: Running | undefined;
  #stuck = false;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
  }

  /** Everything that waits is written. */
  get idle(): boolean {
    return this.#running === undefined && this.#next() === undefined;
  }

  /** A record was added. Blocks until it is written, or for 50 ms, or not at all if the disk is stuck. */
  added(): void {
    this.pump();
    // First what was under way already, then the record.
    for (let turn = 0; turn < 2 && this.#running !== undefined && !this.#stuck; turn++) {
      this.#running.job.wait(patienceMs / 2);
      const { job } = this.#running;
      this.pump();
      this.#stuck = this.#running?.job === job;
    }
  }

  /** Takes note of what has ended, and starts what comes next. */
  pump(): void {
    if (this.#running !== undefined && !this.#finish(this.#running)) return;
    const segment = this.#next();
    if (segment === undefined) return;
    const { dir, writer, sync } = this.#options;
    const { path, bytes, position } = segment.unwritten(dir);
    // Before the bytes are handed over: they are gone then, and have no length any more.
    const end = position + bytes.length;
    const job = writer.start(path, bytes, position, sync());
    const running = { job, segment, end };
    this.#running = running;
    void job.ended.then(() => {
      if (this.#running === running) this.pump();
    });
  }

  /** Resolves when nothing is under way and nothing waits, or the disk has refused. */
  async drain(): Promise<void> {
    for (this.pump(); this.#running !== undefined; this.pump()) await this.#running.job.ended;
  }

  #next(): Segment | undefined {
    for (const segment of this.#options.waiting()) if (segment.hasUnwritten) return segment;
    return undefined;
  }

  /** @returns false while it is under way. */
  #finish({ job, segment, end }: Running): boolean {
    const outcome = job.outcome();
    if (outcome === undefined) return false;
    this.#running = undefined;
    this.#stuck = false;
    if ('error' in outcome) {
      segment.writeEnded(undefined);
      this.#options.onError(new Error(outcome.error));
      return false;
    }
    const bytes = end - segment.written;
    segment.writeEnded(end);
    const isFile = !this.#options.isActive(segment) && segment.toFile();
    this.#options.onWritten(bytes, outcome.tookMs, isFile ? segment : undefined);
    return true;
  }
}
