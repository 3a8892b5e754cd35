import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ClientGone, HttpError } from './http-error.ts';

const inflate = promisify(gunzip);

/**
 * Reads the body of a request and inflates it when it is gzip.
 * @param limitBytes for the body as sent and as inflated; neither is ever held beyond it.
 * @throws {HttpError} 413 above the limit, 415 for another encoding, 400 for gzip that is damaged.
 * @throws {ClientGone}
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new HttpError(415, 'Content-Encoding must be gzip or absent');
  }
  const sent = await collect(request, limitBytes);
  if (encoding === 'identity') return sent;
  try {
    return await inflate(sent, { maxOutputLength: limitBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limitBytes);
    throw new HttpError(400, `the body is not valid gzip: ${(error as Error).message}`);
  }
}

function collect(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
      reject(tooLarge(limitBytes));
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (settle: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      settle();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limitBytes) finish(() => reject(tooLarge(limitBytes)));
      else chunks.push(chunk);
    };
    const onEnd = () =>
      finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    const onClose = () =>
      finish(() => reject(new ClientGone('the connection closed before the end of the body')));
    request.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

function tooLarge(limitBytes: number): HttpError {
  return new HttpError(413, `the body is larger than ${limitBytes} bytes`, { connection: 'close' });
}

/**
 * Parses a body that must be one JSON object.
 * @throws {HttpError} 400
 */
export function parseObject(body: Buffer): Record<string, unknown> {
  if (body.length === 0) throw new HttpError(400, 'the body is empty, expected a JSON object');
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    // The message of the parser quotes the text, which may hold a secret.
    throw new HttpError(400, 'the body is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'the body must be a JSON object');
  }
  return value as Record<string, unknown>;
}
