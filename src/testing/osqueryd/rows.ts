import { ExtensionResponse, ExtensionStatus } from '#thrift';
import { type ByteString, compareBytes } from './engine/index.ts';
import type { PluginReply, Row, Status } from './status.ts';
import { decodeText, encodeText } from './wire.ts';

/** Names and messages are strings of the generated code; here they are bytes like everything else. */
export function fromWireText(text: string | null): ByteString {
  return encodeText(text ?? '').toString('latin1');
}

export function toWireText(bytes: ByteString): string {
  return decodeText(Buffer.from(bytes, 'latin1'));
}

/** Core writes maps in byte order of their keys. */
export function rowToWire(row: Row): Map<string, Uint8Array> {
  const sorted = [...row].sort(([a], [b]) => compareBytes(a, b));
  return new Map(sorted.map(([key, value]) => [toWireText(key), Buffer.from(value, 'latin1')]));
}

export function rowFromWire(row: ReadonlyMap<string, Uint8Array> | null): Row {
  return new Map(
    [...(row ?? [])].map(([key, value]) => [
      fromWireText(key),
      Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1'),
    ]),
  );
}

export function rowsFromWire(rows: readonly ReadonlyMap<string, Uint8Array>[] | null): Row[] {
  return (rows ?? []).map(rowFromWire);
}

export function statusToWire(status: Status, uuid = 0): ExtensionStatus {
  return new ExtensionStatus({ code: status.code, message: toWireText(status.message), uuid });
}

/** osqueryd's manager drops the rows of a failed call. */
export function replyToWire(reply: PluginReply): ExtensionResponse {
  const rows = reply.code === 0 ? reply.rows : [];
  return new ExtensionResponse({ status: statusToWire(reply), response: rows.map(rowToWire) });
}
