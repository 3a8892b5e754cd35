import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { RemoteError } from './error.ts';
import type { HeaderList } from './headers.ts';
import type { HttpReply } from './reply.ts';

/** A body as gzip, at zlib's usual level: osquery's level 9 costs far more and saves little. */
export const zip: (body: Buffer) => Promise<Buffer> = promisify<Buffer, Buffer>(gzip);

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
