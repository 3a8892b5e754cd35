import { join } from 'node:path';
import type { Settings } from '../settings/index.ts';

/** Where the store is; `undefined` for a place that goes away with the process. */
export function storePath(
  { disableDatabase, databasePath }: Pick<Settings, 'disableDatabase' | 'databasePath'>,
  env: NodeJS.ProcessEnv,
): string | undefined {
  const given = env['OSQUERY_REMOTE_STORE'];
  if (given !== undefined && given !== '') return given;
  return disableDatabase || databasePath === '' ? undefined : `${databasePath.replace(/\/+$/, '')}.remote`;
}

/** The database of a store, and the file that its process has locked. */
export function lookupsOf(store: string): { readonly database: string; readonly lock: string } {
  return { database: join(store, 'level'), lock: join(store, 'level', 'LOCK') };
}

/** The journal of a store. */
export function journalOf(store: string): string {
  return join(store, 'outbox');
}
