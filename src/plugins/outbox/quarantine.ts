import type { StreamName } from '../../api.ts';
import type { AsideLines } from './aside.ts';
import type { RecordKind } from './batch.ts';
import type { AppendOptions } from './journal/index.ts';
import type { SetAsideInfo } from './lookups.ts';
import type { Loss } from './loss.ts';

/** The lines that the server will not have, until somebody decides. */
export interface Quarantine {
  list(): SetAsideInfo[];
  /** The bytes of the record that the line belongs to. */
  read(id: number): Promise<Uint8Array | undefined>;
  /** Sends the line again, under a new number. @returns false if it is not there. */
  replay(id: number): Promise<boolean>;
  /** Gives the line up; it counts as dropped. @returns false if it is not there. */
  remove(id: number): Promise<boolean>;
}

export interface QuarantineOptions {
  /** Undefined before the store is open. */
  readonly aside: () => AsideLines | undefined;
  readonly append: (stream: StreamName, kind: RecordKind, bytes: Uint8Array, options: AppendOptions) => void;
  readonly onLoss: (loss: Loss) => void;
  readonly save: () => Promise<void>;
}

export function newQuarantine({ aside, append, onLoss, save }: QuarantineOptions): Quarantine {
  const take = (id: number): boolean =>
    aside()?.get(id)?.state === 'quarantined' && aside()?.remove(id) === true;
  return {
    list: () => aside()?.list(undefined, 'quarantined') ?? [],
    read: async (id) => (await aside()?.read(id))?.bytes,
    async replay(id) {
      const entry = await aside()?.read(id);
      if (entry === undefined || !take(id)) return false;
      const { stream, kind, bytes, row, acceptedAt, key, tag } = entry;
      const single = kind === 'line' ? {} : { onlyRow: row };
      append(stream, kind, bytes, { acceptedAt, key, tag, ...single });
      await save();
      return true;
    },
    async remove(id) {
      const stream = aside()?.get(id)?.stream;
      if (stream === undefined || !take(id)) return false;
      onLoss({ stream, lines: 1, reason: 'quarantine' });
      await save();
      return true;
    },
  };
}
