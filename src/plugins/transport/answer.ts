import { RemoteError } from './error.ts';
import { maxReplyBytes } from './limits.ts';
import type { AttemptAnswer } from './middleware.ts';
import type { HttpReply } from './reply.ts';

/**
 * A made-up reply, for `attempt` and `send`.
 * @param body text or bytes as they are, anything else as JSON
 */
export function answer(
  status: number,
  body: unknown = '',
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  return { status, headers: lowerCase(Object.entries(headers)), body: bytesOf(body) };
}

/** The body of a reply as an object. @throws {SyntaxError} if it is no JSON */
export function jsonOf(reply: Pick<HttpReply, 'body'>): unknown {
  return JSON.parse(Buffer.from(reply.body).toString());
}

/**
 * What a middleware answered, as what the rest relies on.
 * @throws {RemoteError} `internal` if it is no reply
 */
export async function toReply(given: AttemptAnswer): Promise<HttpReply> {
  const reply: unknown = given;
  if (typeof reply !== 'object' || reply === null || !('status' in reply)) {
    throw notA('reply: return next(request), answer(status, body), or what fetch gave');
  }
  const { status } = reply;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) {
    throw notA(`reply, as its status is ${String(status)}`);
  }
  const headers = 'headers' in reply ? headersOf(reply.headers) : {};
  const body = bytesOf(await bodyOf(reply));
  if (body.length > maxReplyBytes) {
    throw new RemoteError(
      'reply_too_large',
      `the answer of the transport module is larger than ${maxReplyBytes} bytes`,
    );
  }
  return { status, headers, body };
}

async function bodyOf(reply: object): Promise<unknown> {
  if ('arrayBuffer' in reply && typeof reply.arrayBuffer === 'function') {
    return new Uint8Array(await reply.arrayBuffer());
  }
  return 'body' in reply ? (reply.body ?? '') : '';
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? null));
}

function headersOf(headers: unknown): HttpReply['headers'] {
  if (typeof headers !== 'object' || headers === null) return {};
  const entries =
    Symbol.iterator in headers ? [...(headers as Iterable<[string, string]>)] : Object.entries(headers);
  return lowerCase(entries);
}

function lowerCase(entries: Iterable<readonly [string, HttpReply['headers'][string]]>): HttpReply['headers'] {
  return Object.fromEntries([...entries].map(([name, value]) => [name.toLowerCase(), value]));
}

function notA(what: string): RemoteError {
  return new RemoteError('internal', `the transport module answered with something that is no ${what}`);
}
