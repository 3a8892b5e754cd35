import { statSync } from 'node:fs';
import { Level } from 'level';
import { systemClock } from '../clock/index.ts';
import {
  type Caps,
  type Deliver,
  type LookupStore,
  Outbox,
  type StreamStats,
} from '../plugins/outbox/index.ts';
import { journalOf, lookupsOf } from '../plugins/store/index.ts';
import { lockHolder } from './doctor/file-lock.ts';
import { OutboxError, type OutboxSource, type QuarantineRow, type StreamRow } from './outbox-source.ts';

/** Nothing is dropped because we looked at it: whatever the extension's caps are, they are its business. */
const noCaps: Caps = {
  maxLines: 0,
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxAgeMs: {},
  minFreeBytes: 0,
  maxMemoryBytes: 64 * 1024 * 1024,
  maxQuarantineLines: Number.MAX_SAFE_INTEGER,
  maxQuarantineBytes: Number.MAX_SAFE_INTEGER,
};

const nobody: Deliver = () => new Promise(() => {});

/**
 * The outbox in a store that no extension has open. Nothing is sent. Unless `writes`, nothing is stored either.
 *
 * It is never closed as an extension closes it, which tells the server of lost lines by then: no such report is taken
 * from the one that opens the store next. What is written here is on the disk before it counts (`always`).
 * @throws {OutboxError} when there is no store, it is somebody else's, or it is in use.
 */
export async function outboxOfStore(path: string, writes: boolean): Promise<OutboxSource> {
  const { database } = lookupsOf(path);
  checkPlace(path, database);
  const level = await openLevel(database, path);
  let diskError: string | undefined;
  const lookups: LookupStore = {
    iterator: (range) => level.iterator(range),
    async batch(operations, options) {
      if (!writes) return;
      // A line leaves the quarantine when the journal has it, and not before.
      if (diskError !== undefined) throw new Error(diskError);
      await level.batch([...operations], options);
    },
  };
  const outbox = new Outbox({
    dir: journalOf(path),
    // Nothing happens by itself.
    clock: { ...systemClock, interval: () => () => {} },
    deliver: { result: nobody, status: nobody, distributed: nobody },
    caps: noCaps,
    sync: 'always',
    log: (severity, message) => {
      // A disk that is full, away or slow. What waits in memory goes with this process.
      if (severity !== 'info') diskError ??= message.replace(/^.*lines wait in memory: /, '');
    },
  });
  outbox.pause();
  await outbox.open(lookups);
  const { quarantine } = outbox;
  const entries = (id?: number) => quarantine.list().filter((entry) => id === undefined || entry.id === id);
  const change = async (done: Promise<boolean>) => {
    const found = await done;
    if (diskError !== undefined) throw new OutboxError(`it could not be stored: ${diskError}`);
    return found;
  };
  return {
    streams: async () => outbox.stats().map(streamRow),
    quarantine: async (id) => entries(id).map(quarantineRow),
    async read(id) {
      if (entries(id).length === 0) return undefined;
      const bytes = await quarantine.read(id);
      return bytes && Buffer.from(bytes).toString();
    },
    replay: (id) => change(quarantine.replay(id)),
    remove: (id) => change(quarantine.remove(id)),
    close: () => level.close(),
  };
}

function checkPlace(path: string, database: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || statSync(database, { throwIfNoEntry: false }) === undefined) {
    throw new OutboxError(
      `there is no store at ${path}; name it with --store DIR, or a running osqueryd with --socket PATH`,
    );
  }
  const own = process.geteuid?.();
  // Files of another user would keep the extension out of its own store.
  if (own !== undefined && stats.uid !== own) {
    throw new OutboxError(
      `the store ${path} belongs to uid ${stats.uid}: run this as that user (sudo -u '#${stats.uid}' …)`,
    );
  }
}

/** One that is damaged is left as it is: the extension knows what to do about it. */
async function openLevel(database: string, path: string): Promise<Level> {
  const level = new Level(database, { createIfMissing: false });
  try {
    await level.open();
    return level;
  } catch (error) {
    const { code, message } = (
      error instanceof Error && error.cause instanceof Error ? error.cause : error
    ) as NodeJS.ErrnoException;
    if (code === 'LEVEL_LOCKED') {
      const pid = lockHolder(lookupsOf(path).lock);
      const who = pid === undefined ? '' : ` (pid ${pid})`;
      throw new OutboxError(
        `the extension runs and has ${path} open${who}: ask it with --socket PATH of osqueryd's --extensions_socket`,
      );
    }
    throw new OutboxError(`the store ${path} cannot be opened: ${message}`, { cause: error });
  }
}

function streamRow(stats: StreamStats): StreamRow {
  return {
    stream: stats.stream,
    lines: stats.lines,
    bytes: stats.bytes,
    oldest_age: Math.round(stats.oldestAgeMs / 1000),
    delivered: stats.delivered,
    dropped: stats.dropped,
    quarantined: stats.quarantined,
    batches: stats.batches,
    last_error: stats.lastError,
    last_error_time: seconds(stats.lastErrorAt),
    last_delivered_time: seconds(stats.lastDeliveredAt),
    next_attempt: null,
  };
}

function quarantineRow(entry: ReturnType<Outbox['quarantine']['list']>[number]): QuarantineRow {
  const { id, stream, reason, acceptedAt, setAsideAt, size } = entry;
  return {
    id,
    stream,
    reason,
    accepted_time: seconds(acceptedAt),
    quarantined_time: seconds(setAsideAt),
    bytes: size,
  };
}

/** NULL for never. */
function seconds(wallMs: number): number | null {
  return wallMs === 0 ? null : Math.floor(wallMs / 1000);
}
