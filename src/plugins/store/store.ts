import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Level } from 'level';
import type { Clock } from '../../clock/index.ts';
import { type LookupStore, memoryStore } from '../outbox/index.ts';
import { prepareDirectory, StoreError } from './directory.ts';
import { journalOf, lookupsOf } from './place.ts';

type Log = (level: 'info' | 'warning' | 'error', text: string) => void;

/** How long a predecessor may take to end before the store counts as taken. */
const lockWaitMs = 10_000;
const lockPollMs = 100;
const lockPollSlowMs = 1000;

export interface StoreOptions {
  /** `undefined` for a fresh directory that goes away with the process. */
  readonly path: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The place on disk: a directory that is ours alone, with a level database and the outbox' journal in it. */
export class Store {
  readonly path: string;
  readonly lookups: LookupStore;
  readonly #level: Level | undefined;
  readonly #temporary: boolean;

  private constructor(path: string, level: Level | undefined, temporary: boolean) {
    this.path = path;
    this.#level = level;
    this.lookups = level ?? memoryStore();
    this.#temporary = temporary;
  }

  /**
   * Opens the store. Waits for a predecessor that still has it, says so after 10 s, and goes on waiting: two processes
   * never write to one store. A path that must not be used is told, and a temporary one taken in its place: osqueryd
   * goes on in any case.
   * @throws {unknown} `signal.reason`
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { path, log } = options;
    if (path !== undefined) {
      try {
        prepareDirectory(path);
        return new Store(path, await openLevel(lookupsOf(path).database, options), false);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log(
          'error',
          `the store: ${error.message}. Until then lines are kept in a temporary place and do not survive this process`,
        );
      }
    }
    const temporary = mkdtempSync(join(tmpdir(), 'osquery-remote-'));
    return new Store(temporary, await openLevel(lookupsOf(temporary).database, options), true);
  }

  /** Directory of the journal. */
  get journal(): string {
    return journalOf(this.path);
  }

  /** JSON under a key, `undefined` when there is none or it cannot be read. */
  async get<T>(key: string): Promise<T | undefined> {
    try {
      for await (const [, value] of this.lookups.iterator({ gte: key, lt: `${key}\u0000` })) {
        return JSON.parse(value) as T;
      }
    } catch {
      // Damaged: as good as lost.
    }
    return undefined;
  }

  /** Resolves when the disk has it. */
  async put(key: string, value: unknown): Promise<void> {
    await this.lookups.batch([{ type: 'put', key, value: JSON.stringify(value) }], { sync: true });
  }

  async close(): Promise<void> {
    await this.#level?.close();
    if (this.#temporary) rmSync(this.path, { recursive: true, force: true });
  }
}

/** `undefined` when the disk refuses: then positions are kept in memory, and lines may be sent again. */
async function openLevel(path: string, { clock, log, signal }: StoreOptions): Promise<Level | undefined> {
  // Loaded late: it is a native library, and registration with osqueryd comes first.
  const { Level } = await import('level');
  const start = clock.monotonic();
  let told = false;
  let renamed = false;
  for (;;) {
    signal.throwIfAborted();
    const level = new Level(path);
    try {
      await level.open();
      return level;
    } catch (error) {
      const { code, message } = causeOf(error);
      if (code === 'LEVEL_LOCKED') {
        const waitedMs = clock.monotonic() - start;
        if (waitedMs >= lockWaitMs && !told) {
          told = true;
          log(
            'error',
            `the store ${path} is taken by another process: end it (fuser ${path}/LOCK names it), or set OSQUERY_REMOTE_STORE; lines are kept in memory meanwhile`,
          );
        }
        await clock.sleep(told ? lockPollSlowMs : lockPollMs, signal);
      } else if (code === 'LEVEL_CORRUPTION' && !renamed) {
        renamed = true;
        const aside = `${path}.damaged-${clock.now()}`;
        renameSync(path, aside);
        log(
          'error',
          `the store is damaged (${message}); it was set aside as ${aside}, and a new one is begun`,
        );
      } else {
        log(
          'error',
          `the store ${path} cannot be opened (${message}); positions are kept in memory, and lines may be sent twice`,
        );
        return undefined;
      }
    }
  }
}

/** level wraps what happened. */
function causeOf(error: unknown): { code: string; message: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code = '', message = String(cause) } = cause as { code?: string; message?: string };
  return { code, message };
}
