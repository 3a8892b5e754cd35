import type { OsqueryOption } from '../../extension/index.ts';
import type { SyncMode } from '../outbox/index.ts';

/** The settings that osquery has no flag for. */
export interface OwnSettings {
  /** `remote_sync`: when a line also reaches the disk. Default `interval` (1 s). */
  readonly sync: SyncMode;
  /** `remote_buffer_max_bytes`, default 512 MiB, as is 0. */
  readonly bufferMaxBytes: number;
  /** `remote_buffer_max_age` in seconds, 0 (default) is none. */
  readonly bufferMaxAgeS: number;
  /** `remote_buffer_min_free_bytes`; `undefined` (default) is the smaller of 256 MiB and 5 % of the file system. */
  readonly bufferMinFreeBytes: number | undefined;
  /** `remote_batch_results`: one call of osqueryd per query instead of one per row. Default false. */
  readonly batchResults: boolean;
  /** `remote_distributed_max_age` in seconds, default 24 h: how long a distributed result waits; 0 is for ever. */
  readonly distributedMaxAgeS: number;
}

export const defaultOwnSettings: OwnSettings = {
  sync: 'interval',
  bufferMaxBytes: 512 * 1024 * 1024,
  bufferMaxAgeS: 0,
  bufferMinFreeBytes: undefined,
  batchResults: false,
  distributedMaxAgeS: 86_400,
};

/** Settings that decide about code or places: a server could otherwise run its own code here. */
const localOnly = ['store', 'transport', 'node'];

/**
 * Reads `remote_*` from the environment (`OSQUERY_REMOTE_SYNC`) and from the `options` of osquery's configuration
 * (`custom_remote_sync`). The environment wins: it is nearer to the host. What cannot be read keeps its default.
 * @param warn told of each setting that was not taken, with what it takes
 */
export function readOwnSettings(
  options: ReadonlyMap<string, OsqueryOption>,
  env: NodeJS.ProcessEnv,
  warn: (text: string) => void,
): OwnSettings {
  const read = <T>(name: string, byDefault: T, parse: (text: string) => T | undefined, takes: string): T => {
    const sources = [
      [`OSQUERY_REMOTE_${name.toUpperCase()}`, env[`OSQUERY_REMOTE_${name.toUpperCase()}`]],
      [`custom_remote_${name}`, options.get(`custom_remote_${name}`)?.value],
    ] as const;
    for (const [source, text] of sources) {
      if (text === undefined || text === '') continue;
      const value = parse(text.trim());
      if (value !== undefined) return value;
      warn(`${source} is "${text}"; it takes ${takes}, so it is ignored`);
    }
    return byDefault;
  };
  const count = 'a whole number, 0 or more';
  for (const name of options.keys()) {
    if (localOnly.some((local) => name === `custom_remote_${local}`)) {
      warn(
        `${name} is ignored: it is taken from the environment only, as OSQUERY_REMOTE_${name.slice(14).toUpperCase()}`,
      );
    }
  }
  const d = defaultOwnSettings;
  return {
    sync: read('sync', d.sync, parseSync, 'never, interval or always'),
    bufferMaxBytes: read('buffer_max_bytes', d.bufferMaxBytes, parseCount, count),
    bufferMaxAgeS: read('buffer_max_age', d.bufferMaxAgeS, parseCount, count),
    bufferMinFreeBytes: read('buffer_min_free_bytes', d.bufferMinFreeBytes, parseCount, count),
    batchResults: read('batch_results', d.batchResults, parseBoolean, 'true or false'),
    distributedMaxAgeS: read('distributed_max_age', d.distributedMaxAgeS, parseCount, count),
  };
}

function parseSync(text: string): SyncMode | undefined {
  return text === 'never' || text === 'interval' || text === 'always' ? text : undefined;
}

function parseCount(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}

function parseBoolean(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  return undefined;
}
