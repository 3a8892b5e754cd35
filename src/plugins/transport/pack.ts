import type { PackedRequest } from './messages.ts';
import type { TransportReply } from './outcome.ts';
import type { TransportRequest } from './request.ts';

/**
 * Copies the bytes of a request once into one buffer, to be transferred. So the caller keeps its own bytes (they may be
 * views on a larger buffer, or wanted for another try), and a batch of a thousand records costs one transfer.
 */
export function pack(request: TransportRequest): PackedRequest {
  switch (request.endpoint) {
    case 'log': {
      const { records } = request.batch;
      const total = records.reduce((sum, record) => sum + record.bytes.length, 0);
      const bytes = new ArrayBuffer(total);
      let at = 0;
      const packed = records.map((record) => {
        const view = new Uint8Array(bytes, at, record.bytes.length);
        view.set(record.bytes);
        at += view.length;
        return { ...record, bytes: view };
      });
      return { request: { ...request, batch: { ...request.batch, records: packed } }, bytes };
    }
    case 'distributed_write': {
      const view = new Uint8Array(request.results.length);
      view.set(request.results);
      return { request: { ...request, results: view }, bytes: view.buffer };
    }
    default:
      return { request, bytes: new ArrayBuffer(0) };
  }
}

/** A reply with bytes of its own, and the buffers to transfer with it. */
export function packReply(reply: TransportReply): { reply: TransportReply; transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const own = (bytes: Uint8Array): Uint8Array => {
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    transfer.push(copy.buffer);
    return copy;
  };
  const { outcome, batch } = reply;
  const packed = {
    ...reply,
    outcome: outcome.kind === 'delivered' ? { ...outcome, body: own(outcome.body) } : outcome,
    ...(batch && {
      batch: { ...batch, unfit: batch.unfit.map((line) => ({ ...line, bytes: own(line.bytes) })) },
    }),
  };
  return { reply: packed, transfer };
}
