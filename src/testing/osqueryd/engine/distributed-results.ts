import type { ByteString } from './bytes.ts';
import { jsonColumn, jsonObject, jsonString, type Members, setMember } from './json-writer.ts';
import type { Row } from './row.ts';

/** What a query cost. Times in milliseconds, memory in bytes. */
export interface DistributedStats {
  readonly wallTimeMs: number;
  readonly userTime: number;
  readonly systemTime: number;
  readonly memory: number;
}

/** The outcome of one distributed query. */
export interface DistributedResult {
  readonly id: ByteString;
  readonly status: 0 | 1;
  readonly message: ByteString;
  /** Names in the order of the SELECT list. */
  readonly columns: readonly ByteString[];
  readonly rows: readonly Row[];
  /** undefined for a query that was not run. */
  readonly stats: DistributedStats | undefined;
}

/** The JSON text of `writeResults` (F.4 of the protocol), byte for byte as core writes it. */
export function resultsText(results: readonly DistributedResult[]): ByteString {
  const part = (text: (result: DistributedResult) => ByteString): ByteString => {
    const members: Members = [];
    for (const result of results) setMember(members, result.id, text(result));
    return jsonObject(members);
  };
  return jsonObject([
    ['queries', part(({ rows, columns }) => `[${rows.map((row) => rowText(row, columns)).join(',')}]`)],
    ['statuses', part(({ status }) => String(status))],
    ['messages', part(({ message }) => jsonString(message))],
    ['stats', part(({ stats }) => statsText(stats))],
  ]);
}

function rowText(row: Row, columns: readonly ByteString[]): ByteString {
  const members: Members = [];
  for (const name of columns) {
    const value = row.get(name);
    if (value !== undefined) setMember(members, name, jsonColumn(value, false));
  }
  return jsonObject(members);
}

function statsText(stats: DistributedStats | undefined): ByteString {
  if (stats === undefined) return '{}';
  return jsonObject([
    ['wall_time_ms', String(stats.wallTimeMs)],
    ['user_time', String(stats.userTime)],
    ['system_time', String(stats.systemTime)],
    ['memory', String(stats.memory)],
  ]);
}
