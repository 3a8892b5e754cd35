/** The results of one distributed write, as far as they can be understood. */
export interface WrittenResult {
  readonly query: string;
  readonly status: number;
  readonly message: string;
  readonly rows: Record<string, unknown>[];
}

/** A distributed write of a shape that no osquery sends. */
export class WriteBodyError extends Error {
  override readonly name = 'WriteBodyError';
}

/**
 * Takes the results out of a distributed write of any osquery: without `statuses` (before 2.1.2), with statuses as
 * strings (before 3.2), with `""` for no rows (1.8), without `messages` (before 4.4).
 * @throws {WriteBodyError}
 */
export function readWriteBody(body: Record<string, unknown>): WrittenResult[] {
  const queries = member(body, 'queries');
  const statuses = member(body, 'statuses');
  const messages = member(body, 'messages');
  const ids = new Set([...queries.keys(), ...statuses.keys()]);
  return [...ids].map((query) => ({
    query,
    status: readStatus(query, statuses.get(query)),
    message: String(messages.get(query) ?? ''),
    rows: readRows(query, queries.get(query)),
  }));
}

function member(body: Record<string, unknown>, name: string): Map<string, unknown> {
  const value = body[name] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new WriteBodyError(`"${name}" must be an object with one member for each query id`);
  }
  return new Map(Object.entries(value));
}

function readStatus(query: string, status: unknown): number {
  if (status === undefined || status === null) return 0;
  const number = typeof status === 'string' && status.trim() !== '' ? Number(status) : status;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw new WriteBodyError(`the status of query ${JSON.stringify(query)} must be an integer`);
}

function readRows(query: string, rows: unknown): Record<string, unknown>[] {
  if (rows === undefined || rows === null || rows === '') return [];
  if (
    !Array.isArray(rows) ||
    !rows.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row))
  ) {
    throw new WriteBodyError(`the result of query ${JSON.stringify(query)} must be an array of objects`);
  }
  return rows;
}
