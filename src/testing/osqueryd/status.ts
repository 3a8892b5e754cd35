import type { ByteString } from './engine/index.ts';

/** What osqueryd passes around for success and failure: code 0 is success. */
export interface Status {
  readonly code: number;
  readonly message: ByteString;
}

/** A request or a row of a plugin call; keys and values are bytes. */
export type Row = ReadonlyMap<ByteString, ByteString>;

/** The answer to a plugin call. */
export interface PluginReply extends Status {
  readonly rows: readonly Row[];
}

export const ok: Status = { code: 0, message: 'OK' };

export function failed(message: string): PluginReply {
  return { code: 1, message, rows: [] };
}

export function succeeded(rows: readonly Row[] = []): PluginReply {
  return { ...ok, rows };
}
