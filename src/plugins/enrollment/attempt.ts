import { type Clock, within } from '../../clock/index.ts';
import type { TransportReply } from '../transport/index.ts';
import type { NodeKey } from './node-key.ts';
import { textOf } from './text.ts';

/** What came of one attempt. */
export type Attempted =
  | { readonly kind: 'enrolled'; readonly key: NodeKey }
  /** `unsent`: nothing left this host. */
  | { readonly kind: 'failed' | 'unsent'; readonly reason: string; readonly afterMs: number | undefined };

/** More than the transport takes for one attempt. Whatever hangs on the way ends here. */
const limitMs = 120_000;

/** Makes one attempt. Never rejects: also what is thrown, or takes more than two minutes, is a failed attempt. */
export async function attempt(
  clock: Clock,
  request: (signal: AbortSignal) => Promise<TransportReply>,
  options: { readonly clientCertificate: boolean; readonly signal: AbortSignal },
): Promise<Attempted> {
  const time = Math.floor(clock.now() / 1_000);
  let reply: TransportReply;
  try {
    reply = await within(clock, limitMs, request, { signal: options.signal });
  } catch (error) {
    return { kind: 'failed', reason: textOf(error), afterMs: undefined };
  }
  const { outcome } = reply;
  if (outcome.kind === 'delivered') {
    const key = Buffer.from(outcome.body).toString();
    if (key !== '' || options.clientCertificate) return { kind: 'enrolled', key: { key, time } };
    return { kind: 'failed', reason: 'the node key in the answer is blank', afterMs: undefined };
  }
  const afterMs = 'afterMs' in outcome ? outcome.afterMs : undefined;
  return { kind: reply.attempts === 0 ? 'unsent' : 'failed', reason: outcome.reason, afterMs };
}
