import type { BatchRecord, RecordKind } from '../outbox/index.ts';
import type { TransportReply } from './outcome.ts';
import type { LogCall, TransportRequest } from './request.ts';

/**
 * A request on its way through the port. The records of a batch go as columns and one run of bytes: a clone of a
 * thousand small objects would cost the socket thread more than everything else that it does for a batch.
 */
export interface PackedRequest {
  /** Without its records if it is a log. */
  readonly request: TransportRequest;
  readonly records?: PackedRecords;
}

/** One entry per record in each column. */
interface PackedRecords {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where a record ends in `bytes`. */
  readonly ends: Float64Array<ArrayBuffer>;
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly acceptedAt: Float64Array<ArrayBuffer>;
  /** Places in `kinds`. */
  readonly kinds: Uint8Array<ArrayBuffer>;
}

const kinds: readonly RecordKind[] = ['line', 'rows', 'statuses', 'results'];

/**
 * Copies the bytes of a request once, to be transferred. So the caller keeps its own bytes: they may be views on a
 * larger buffer, or wanted for another try.
 */
export function pack(request: TransportRequest): { packed: PackedRequest; transfer: ArrayBuffer[] } {
  switch (request.endpoint) {
    case 'log': {
      const records = packRecords(request.batch.records);
      const packed = { request: { ...request, batch: { ...request.batch, records: [] } }, records };
      return { packed, transfer: Object.values(records).map((column) => column.buffer) };
    }
    case 'distributed_write': {
      const results = new Uint8Array(request.results);
      return { packed: { request: { ...request, results } }, transfer: [results.buffer] };
    }
    default:
      return { packed: { request }, transfer: [] };
  }
}

/** The request again, at the other end of the port. */
export function unpack({ request, records }: PackedRequest): TransportRequest {
  if (request.endpoint !== 'log' || records === undefined) return request;
  return { ...request, batch: { ...request.batch, records: unpackRecords(records) } };
}

function packRecords(records: LogCall['batch']['records']): PackedRecords {
  const total = records.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const packed = {
    bytes: new Uint8Array(total),
    ends: new Float64Array(records.length),
    numbers: new Float64Array(records.length),
    acceptedAt: new Float64Array(records.length),
    kinds: new Uint8Array(records.length),
  };
  let end = 0;
  for (const [i, record] of records.entries()) {
    packed.bytes.set(record.bytes, end);
    end += record.bytes.length;
    packed.ends[i] = end;
    packed.numbers[i] = record.number;
    packed.acceptedAt[i] = record.acceptedAt;
    packed.kinds[i] = kinds.indexOf(record.kind);
  }
  return packed;
}

function unpackRecords({ bytes, ends, numbers, acceptedAt, kinds: codes }: PackedRecords): BatchRecord[] {
  const records: BatchRecord[] = [];
  let start = 0;
  for (const [i, end] of ends.entries()) {
    records.push({
      number: numbers[i] ?? 0,
      kind: kinds[codes[i] ?? 0] ?? 'line',
      bytes: bytes.subarray(start, end),
      acceptedAt: acceptedAt[i] ?? 0,
    });
    start = end;
  }
  return records;
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
