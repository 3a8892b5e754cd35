import type { StreamName } from '../api.ts';
import type { Batch, Deliver, Delivery, DeliveryAnswer } from './outbox/index.ts';
import type { RemoteApi } from './remote-api.ts';
import type { Outcome } from './transport/index.ts';

/** The forwarders are paused while there is no key, so that one that is about to come is worth a short wait. */
const keyMs = 1000;

/** How the lines of each stream get to the server. */
export function deliverTo(api: () => RemoteApi): Record<StreamName, Deliver> {
  const log: Deliver = async (batch, signal) => {
    const { outcome, batch: sent } = await api().call({ endpoint: 'log', batch }, { keyMs, signal });
    const nothing = {
      lines: 0,
      bytes: 0,
      next: { record: batch.records[0]?.number ?? 0, row: batch.firstRow },
      unfit: [],
    };
    return { ...(sent ?? nothing), answer: answerOf(outcome) };
  };
  return { result: log, status: log, distributed: (batch, signal) => deliverResult(api(), batch, signal) };
}

/** One query's result in each request: a body is never split within a query, and one refusal speaks of one query. */
async function deliverResult(api: RemoteApi, batch: Batch, signal: AbortSignal): Promise<Delivery> {
  const [record] = batch.records;
  if (record === undefined) {
    return { answer: { kind: 'delivered' }, lines: 0, bytes: 0, next: { record: 0, row: 0 }, unfit: [] };
  }
  const line = { writer: batch.writer, record: record.number };
  const request = { endpoint: 'distributed_write', results: record.bytes, line } as const;
  const { outcome } = await api.call(request, { keyMs, signal });
  const next = { record: record.number + 1, row: 0 };
  return { answer: answerOf(outcome), lines: 1, bytes: record.bytes.length, next, unfit: [] };
}

function answerOf(outcome: Outcome): DeliveryAnswer {
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'delivered' };
    case 'too_large':
    case 'rejected':
      return outcome;
    case 'retry':
    case 'refused': {
      const { reason, afterMs } = outcome;
      return { kind: 'retry', reason, ...(afterMs === undefined ? {} : { afterMs }) };
    }
    case 'node_invalid':
      return { kind: 'retry', reason: outcome.reason };
  }
}
