import type { Clock } from '../../clock/index.ts';
import { growingMs } from './back-off.ts';
import type { GuardedDatabase } from './key-database.ts';
import type { NodeKey } from './node-key.ts';
import type { StateFile } from './state-file.ts';

const again = { firstMs: 1_000, longestMs: 60_000 };

/**
 * Stores a key that the server has just issued: in our state or, as long as that cannot be written, in osquery's database.
 * A blank key cannot stand there. Tries for ever, since a key that is used and then lost makes the next start enroll.
 * @returns whether it is stored; false only when `closed` is aborted.
 */
export async function storeKey(
  key: NodeKey,
  file: StateFile,
  database: GuardedDatabase,
  clock: Clock,
  closed: AbortSignal,
): Promise<boolean> {
  for (let failures = 1; ; failures++) {
    if (await file.save()) return true;
    if (key.key !== '' && (await database.write(key))) return true;
    await clock.sleep(growingMs(failures, again), closed).catch(() => {});
    if (closed.aborted) return false;
  }
}
