import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { RemoteError } from './error.ts';
import { maxReplyBytes } from './limits.ts';
import { type HttpReply, headerOf } from './reply.ts';

const inflate = promisify(gunzip);

/**
 * The reply with its body inflated, if it was gzip.
 * @throws {RemoteError} `reply_too_large` or `protocol`
 */
export async function decodeReply(reply: HttpReply): Promise<HttpReply> {
  const encoding = headerOf(reply, 'content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity' || reply.body.length === 0) return reply;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new RemoteError(
      'protocol',
      `HTTP ${reply.status}: the answer is encoded as ${encoding}, which nobody asked for`,
    );
  }
  try {
    return { ...reply, body: await inflate(reply.body, { maxOutputLength: maxReplyBytes }) };
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new RemoteError('reply_too_large', `the answer inflates to more than ${maxReplyBytes} bytes`, {
        cause,
      });
    }
    throw new RemoteError('protocol', `HTTP ${reply.status}: the answer is not the gzip that it says`, {
      cause,
    });
  }
}
