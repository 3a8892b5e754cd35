import { ExtensionError, ExtensionManager, type QueryRow } from '../extension/index.ts';
import { OutboxError, type OutboxSource, type QuarantineRow, type StreamRow } from './outbox-source.ts';

const answerMs = 30_000;
const pingMs = 2_000;

/** osqueryd answers, and does not know our tables. */
export class NoTables extends OutboxError {}

/** Whether an osqueryd answers at this socket. */
export async function answers(socket: string, signal: AbortSignal): Promise<boolean> {
  return new ExtensionManager(socket).ping({ timeoutMs: pingMs, signal }).then(
    () => true,
    () => false,
  );
}

/**
 * The outbox, asked with SQL over osqueryd's extensions socket.
 * @throws {OutboxError} when nobody answers. @throws {NoTables}
 */
export async function outboxOfOsqueryd(socket: string, signal: AbortSignal): Promise<OutboxSource> {
  const manager = new ExtensionManager(socket, { timeoutMs: answerMs });
  const query = async (sql: string): Promise<QueryRow[]> => {
    try {
      return await manager.query(sql, { signal });
    } catch (error) {
      throw explain(error, socket);
    }
  };
  const list = `SELECT id, stream, reason, accepted_time, quarantined_time, bytes FROM remote_quarantine`;
  const rows = (id?: number) => query(id === undefined ? list : `${list} WHERE id = ${id}`);
  /** osqueryd does not say how many rows a statement has met. */
  const change = async (id: number, sql: string) => {
    if ((await rows(id)).length === 0) return false;
    await query(sql);
    return true;
  };
  // Whoever asks is told at once when the tables are missing.
  await query('SELECT stream FROM remote_outbox');
  return {
    streams: async () => (await query('SELECT * FROM remote_outbox')).map(streamRow),
    quarantine: async (id) => (await rows(id)).map(quarantineRow),
    read: async (id) => (await query(`SELECT line FROM remote_quarantine WHERE id = ${id}`))[0]?.['line'],
    replay: (id) => change(id, `UPDATE remote_quarantine SET state = 'replay' WHERE id = ${id}`),
    remove: (id) => change(id, `DELETE FROM remote_quarantine WHERE id = ${id}`),
    close: async () => {},
  };
}

function explain(error: unknown, socket: string): unknown {
  if (!(error instanceof ExtensionError)) return error;
  if (/no such table/.test(error.message)) {
    return new NoTables(
      `osqueryd at ${socket} has no table remote_outbox: it comes after the first config, if the extension runs`,
      { cause: error },
    );
  }
  if (error.code === 'refused')
    return new OutboxError(error.message.replace(/^refused: /, ''), { cause: error });
  return new OutboxError(`osqueryd does not answer at ${socket} (${error.message})`, { cause: error });
}

/** All values come as text, NULL as nothing. */
function streamRow(row: QueryRow): StreamRow {
  return {
    stream: row['stream'] ?? '',
    lines: Number(row['lines']),
    bytes: Number(row['bytes']),
    oldest_age: Number(row['oldest_age']),
    delivered: Number(row['delivered']),
    dropped: Number(row['dropped']),
    quarantined: Number(row['quarantined']),
    batches: Number(row['batches']),
    last_error: row['last_error'] ?? '',
    last_error_time: numberOrNull(row['last_error_time']),
    last_delivered_time: numberOrNull(row['last_delivered_time']),
    next_attempt: numberOrNull(row['next_attempt']),
  };
}

function quarantineRow(row: QueryRow): QuarantineRow {
  return {
    id: Number(row['id']),
    stream: row['stream'] ?? '',
    reason: row['reason'] ?? '',
    accepted_time: numberOrNull(row['accepted_time']),
    quarantined_time: numberOrNull(row['quarantined_time']),
    bytes: Number(row['bytes']),
  };
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined || text === '' || !Number.isFinite(Number(text)) ? null : Number(text);
}
