import { join } from 'node:path';
import type { Clock } from '../clock/index.ts';
import { QueryStore } from './distributed/index.ts';
import type { ServerEvents } from './events.ts';
import { LogFile, LogIntake, type LogStream, ReceivedLines } from './lines/index.ts';
import type { ServerOptions } from './options.ts';
import { Database, NodeStore } from './store/index.ts';

/** All that the server keeps in its data directory. */
export interface Stores {
  readonly nodes: NodeStore;
  readonly queries: QueryStore;
  readonly intake: LogIntake;
  /** Stores when nodes were here last, and removes old queries. */
  housekeep(): Promise<void>;
  close(): Promise<void>;
}

/** Where the lines of a stream are kept. */
export function logPath(directory: string, stream: LogStream): string {
  return join(directory, 'logs', `${stream}.ndjson`);
}

/** @throws {StoreError} */
export async function openStores(
  directory: string,
  options: ServerOptions,
  clock: Clock,
  events: ServerEvents,
): Promise<Stores> {
  const { sync = false, earlierKeys = 'retire', queryLeaseMs = 30_000, onLines } = options;
  const database = await Database.open(join(directory, 'db'), sync);
  try {
    const nodes = await NodeStore.open(database, clock, earlierKeys === 'retire');
    const queries = await QueryStore.open(database, clock, queryLeaseMs);
    const openLog = (stream: LogStream) => {
      const file = logPath(directory, stream);
      return LogFile.open(file, stream, database, (reason) => {
        events.emit({ kind: 'log_repaired', file, reason });
      });
    };
    const files = { result: await openLog('result'), status: await openLog('status') };
    const received = new ReceivedLines(database);
    const intake = new LogIntake({ database, received, files, onLines, sync });
    return {
      nodes,
      queries,
      intake,
      async housekeep() {
        await nodes.flush();
        await queries.prune();
      },
      async close() {
        await intake.close();
        await nodes.flush();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
