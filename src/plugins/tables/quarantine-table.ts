import { ConstraintError, type Plugin, tablePlugin } from '../../extension/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { time } from './outbox-table.ts';

const columns = {
  id: { type: 'BIGINT', index: true },
  stream: 'TEXT',
  reason: 'TEXT',
  accepted_time: 'BIGINT',
  quarantined_time: 'BIGINT',
  bytes: 'BIGINT',
  /** `quarantined`; set to `replay` to send the line again. */
  state: 'TEXT',
  /** The record that the line belongs to. Read only when it is asked for. */
  line: { type: 'TEXT', optimized: true },
} as const;

/**
 * The lines that the server will not have. `UPDATE remote_quarantine SET state = 'replay' WHERE id = 7` sends one again
 * under a new number, `DELETE` gives it up.
 */
export function quarantineTable({ quarantine }: Pick<Outbox, 'quarantine'>): Plugin {
  return tablePlugin({
    name: 'remote_quarantine',
    columns,
    async generate(context) {
      const wanted = context.equals('id').map(Number);
      const entries = quarantine.list().filter(({ id }) => wanted.length === 0 || wanted.includes(id));
      return Promise.all(
        entries.map(async (entry) => ({
          rowid: entry.id,
          id: entry.id,
          stream: entry.stream,
          reason: entry.reason,
          accepted_time: time(entry.acceptedAt),
          quarantined_time: time(entry.setAsideAt),
          bytes: entry.size,
          state: 'quarantined',
          line: context.uses('line') ? textOf(await quarantine.read(entry.id)) : null,
        })),
      );
    },
    async update(rowid, row) {
      if (row.state !== 'replay') throw new ConstraintError("only state can be changed, to 'replay'");
      if (!(await quarantine.replay(Number(rowid)))) throw new Error(`no line ${rowid} in quarantine`);
    },
    async delete(rowid) {
      if (!(await quarantine.remove(Number(rowid)))) throw new Error(`no line ${rowid} in quarantine`);
    },
  });
}

function textOf(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : Buffer.from(bytes).toString('utf8');
}
