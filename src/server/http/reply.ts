import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer, ready to be written. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An answer with a JSON body. */
export function jsonReply(
  value: Readonly<Record<string, unknown>> | Uint8Array,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** Bytes of a refused body that are still read, so that the client is not cut off before it has seen the answer. */
const maxDiscardedBytes = 256 * 1024 * 1024;

/**
 * Writes an answer with `Content-Length`. An answer that comes before the end of the body is sent at once, but the
 * response ends when the rest has been read: a socket that is closed with unread bytes is reset, and the reset can
 * take the answer away from the client.
 */
export function writeReply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': body.length });
  if (request.complete) {
    response.end(body);
    return;
  }
  response.write(body);
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > maxDiscardedBytes) request.destroy();
  });
  request.once('end', () => response.end());
  request.resume();
}
