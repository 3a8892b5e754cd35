import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { RemoteError } from './error.ts';
import type { HeaderList } from './headers.ts';
import type { AttemptRequest } from './middleware.ts';
import type { HttpReply } from './reply.ts';
import type { Endpoint } from './request.ts';
import { RequestHeaders } from './request-headers.ts';

/** A body as gzip, at zlib's usual level: osquery's level 9 costs far more and saves little. */
export const zip: (body: Buffer) => Promise<Buffer> = promisify<Buffer, Buffer>(gzip);

/**
 * The request as it goes out, for a signature over its content: compressed already if it was to be. A server that does
 * not take gzip is not tried a second time with the plain body then.
 */
export async function encoded<E extends Endpoint>(request: AttemptRequest<E>): Promise<AttemptRequest<E>> {
  const { body, compress } = request;
  if (!compress || body === undefined) return request;
  const headers = new RequestHeaders(withGzip([...request.headers].map(([name, value]) => [name, value])));
  return { ...request, headers, body: await zip(Buffer.from(body)), compress: false };
}

/** `Content-Encoding` stands where osquery puts it: behind `User-Agent` and `Authorization`. */
export function withGzip(headers: HeaderList): HeaderList {
  const at = headers.findLastIndex(([name]) => name === 'User-Agent' || name === 'Authorization') + 1;
  return headers.toSpliced(at, 0, ['Content-Encoding', 'gzip']);
}

/**
 * How much an answer to a compressed body speaks against the compression. Servers that do not know gzip take it for bad
 * JSON (2); others fail or hang up, which may as well be a coincidence (1).
 */
export function doubtAboutGzip(answer: HttpReply | RemoteError): 0 | 1 | 2 {
  if (answer instanceof RemoteError) return answer.code === 'reset' ? 1 : 0;
  if (answer.status === 400 || answer.status === 415) return 2;
  return answer.status === 500 ? 1 : 0;
}

/** Which servers take gzip: doubts that the plain body confirmed, added up from the last success on. */
export class GzipMemory {
  readonly #doubts = new Map<string, number>();

  isRefused(origin: string): boolean {
    return (this.#doubts.get(origin) ?? 0) >= 2;
  }

  wasTaken(origin: string): void {
    this.#doubts.delete(origin);
  }

  wasRefused(origin: string, doubt: number): void {
    this.#doubts.set(origin, (this.#doubts.get(origin) ?? 0) + doubt);
  }
}
