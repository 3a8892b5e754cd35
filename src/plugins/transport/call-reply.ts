import { RemoteError } from './error.ts';
import type { Outcome, TransportReply } from './outcome.ts';

/** A made-up reply to a call: it is done. `body` is the config, the queries or the key; anything but text as JSON. */
export function delivered(body: unknown = ''): TransportReply {
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { outcome: { kind: 'delivered', body: bytes }, attempts: 0 };
}

/** A made-up reply to a call: not now. `afterMs` is when to come again. */
export function tryAgain(reason: string, afterMs?: number): TransportReply {
  return { outcome: { kind: 'retry', reason, ...(afterMs !== undefined && { afterMs }) }, attempts: 0 };
}

const failures = new Set(['node_invalid', 'too_large', 'rejected', 'refused', 'retry']);

/**
 * What a middleware around a call answered, as what the socket thread relies on.
 * @throws {RemoteError} `internal` if it is no reply
 */
export function checkCallReply(given: TransportReply): TransportReply {
  const reply: Partial<TransportReply> | undefined | null = given;
  const outcome: Partial<Record<string, unknown>> | undefined = reply?.outcome;
  const { batch } = reply ?? {};
  const ok =
    outcome !== undefined &&
    (outcome['kind'] === 'delivered'
      ? outcome['body'] instanceof Uint8Array
      : failures.has(String(outcome['kind'])) && typeof outcome['reason'] === 'string') &&
    (batch === undefined || isBatch(batch));
  if (!ok) {
    throw new RemoteError(
      'internal',
      'the transport module answered a call with something that is no reply: return next(request), delivered(body) or tryAgain(reason)',
    );
  }
  return {
    outcome: plain(given.outcome),
    attempts: typeof given.attempts === 'number' ? given.attempts : 0,
    ...(batch && { batch }),
  };
}

function plain(outcome: Outcome): Outcome {
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'delivered', body: outcome.body };
    case 'refused':
    case 'retry': {
      const { kind, reason, afterMs } = outcome;
      return { kind, reason, ...(typeof afterMs === 'number' && afterMs > 0 && { afterMs }) };
    }
    default:
      return { kind: outcome.kind, reason: outcome.reason };
  }
}

function isBatch({ lines, dropped, bytes, next, unfit }: NonNullable<TransportReply['batch']>): boolean {
  const counts: unknown[] = [lines, dropped, bytes, next?.record, next?.row];
  return counts.every((count) => Number.isSafeInteger(count)) && Array.isArray(unfit);
}
