import { maxRetryAfterMs } from './limits.ts';
import { type HttpReply, headerOf } from './reply.ts';

/**
 * How long the server wants to be left alone, in milliseconds, at most an hour. A date counts from the server's own
 * `Date`, so that a wrong clock on either side does no harm.
 */
export function retryAfterMs(reply: HttpReply): number | undefined {
  const value = headerOf(reply, 'retry-after')?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return atMost(Number(value) * 1_000);
  const until = Date.parse(value);
  const now = Date.parse(headerOf(reply, 'date') ?? '');
  return Number.isNaN(until) || Number.isNaN(now) ? undefined : atMost(until - now);
}

function atMost(ms: number): number | undefined {
  return ms > 0 ? Math.min(ms, maxRetryAfterMs) : undefined;
}
