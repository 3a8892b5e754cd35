import { gunzipSync } from 'node:zlib';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** In order, names as they were sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** As it was sent. */
  readonly raw: Buffer;
  /** Inflated if it was gzip. */
  readonly body: Buffer;
}

/** Cuts HTTP/1.1 requests out of a stream of bytes. Knows `Content-Length` only, as many servers do. */
export class RequestReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(piece: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, piece]);
  }

  /** The next request that is complete. */
  take(): WireRequest | undefined {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const [requestLine = '', ...lines] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    });
    const length = Number(headerOf(headers, 'content-length') ?? 0);
    const start = end + 4;
    if (this.#bytes.length < start + length) return undefined;
    const raw = this.#bytes.subarray(start, start + length);
    this.#bytes = this.#bytes.subarray(start + length);
    const [method = '', target = ''] = requestLine.split(' ');
    const body = headerOf(headers, 'content-encoding') === 'gzip' ? gunzipSync(raw) : raw;
    return { method, target, headers, raw, body };
  }
}

export function headerOf(headers: WireRequest['headers'], name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1];
}
