import type { HeaderList } from './headers.ts';
import type { Endpoint } from './request.ts';

/** One HTTP request as it is about to be sent: what a middleware around an attempt gets, and may change. */
export interface HttpRequest {
  readonly endpoint: Endpoint;
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: HeaderList;
  /** Not yet compressed. */
  readonly body: Buffer | undefined;
  /** Send the body as gzip if the server takes it. */
  readonly compress: boolean;
  /** Counts from 1 in each call. */
  readonly attempt: number;
}
