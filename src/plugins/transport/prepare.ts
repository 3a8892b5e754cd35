import { dedupeHeaders } from '../../api.ts';
import { enrollBody, nodeBody, writeBody } from './body.ts';
import { requestHeaders } from './headers.ts';
import type { HttpRequest } from './http-request.ts';
import type { LineHook } from './line-hook.ts';
import { logBody } from './log-body.ts';
import type { TransportReply } from './outcome.ts';
import { decodePercents } from './proxy.ts';
import type { Endpoint, TransportRequest } from './request.ts';
import type { RowWriter } from './row-lines.ts';
import { Secrets } from './secrets.ts';
import type { TransportSettings } from './settings.ts';
import { makeUri } from './uri.ts';

/** What of a batch is in a request: part of the reply, whatever the server says. */
export type Carried = NonNullable<TransportReply['batch']>;

/** A body, and for `log` what it carries. Made once per call, since it is the same in every attempt. */
export interface PreparedBody {
  /** The enroll secret is not in it: that is read again for each attempt. */
  readonly make: (secret: string) => Buffer;
  readonly carried?: Carried & { readonly numbers: string };
}

/** @throws {RemoteError} if the content cannot be sent at all. */
export function prepareBody(
  request: TransportRequest,
  settings: TransportSettings,
  rowWriter: RowWriter,
  line?: LineHook,
): PreparedBody {
  const { nodeApi } = settings;
  switch (request.endpoint) {
    case 'enroll':
      return { make: (secret) => enrollBody(request, settings.enrollOverride, secret) };
    case 'config':
    case 'distributed_read': {
      const bytes = nodeBody(request.nodeKey, nodeApi);
      return { make: () => bytes };
    }
    case 'distributed_write': {
      const bytes = writeBody(request, nodeApi);
      return { make: () => bytes };
    }
    case 'log': {
      const { bytes, ...rest } = logBody(request.batch, {
        nodeKey: request.nodeKey,
        rowWriter,
        line,
        ...settings,
      });
      return { make: () => bytes, carried: { ...rest, bytes: bytes.length } };
    }
  }
}

/** True if a request to this endpoint carries the enroll secret. */
export function needsSecret(
  endpoint: Endpoint,
  { secretAlways }: Pick<TransportSettings, 'secretAlways'>,
): boolean {
  return endpoint === 'enroll' || secretAlways;
}

/**
 * One attempt's request.
 * @param secret empty where none is needed
 * @throws {RemoteError} `settings`
 */
export function prepare(
  request: TransportRequest,
  body: PreparedBody,
  settings: TransportSettings,
  { secret, attempt }: { readonly secret: string; readonly attempt: number },
): HttpRequest {
  const { endpoint } = request;
  const nodeKey = nodeKeyOf(request);
  const headers = requestHeaders(settings, nodeKey);
  const numbered = numbersOf(request, body);
  if (numbered !== undefined) {
    headers.push(
      [dedupeHeaders.writer, numbered.writer],
      [dedupeHeaders.stream, numbered.stream],
      [dedupeHeaders.numbers, numbered.numbers],
    );
  }
  const get = endpoint === 'config' && settings.nodeApi;
  return {
    endpoint,
    method: get ? 'GET' : 'POST',
    url: makeUri(settings, endpoint, secret, nodeKey, endpoint === 'config' ? request.path : undefined),
    headers,
    body: get ? undefined : body.make(secret),
    compress: endpoint === 'log' && settings.compress,
    attempt,
  };
}

/** By what a server that knows our headers tells a repeat. */
function numbersOf(request: TransportRequest, body: PreparedBody) {
  if (request.endpoint === 'log') {
    const { writer, stream } = request.batch;
    return { writer, stream, numbers: body.carried?.numbers ?? '' };
  }
  if (request.endpoint !== 'distributed_write' || request.line === undefined) return undefined;
  return { writer: request.line.writer, stream: 'distributed', numbers: String(request.line.record) };
}

/** All that must not show up in a text about a call: its node key, what is known of the secret, the proxy's password. */
export function secretsOf(
  request: TransportRequest,
  settings: TransportSettings,
  enrollSecrets: readonly string[],
): Secrets {
  return new Secrets([...ownSecrets(request, settings), ...enrollSecrets]);
}

/** Those of them that the request brings along. */
export function ownSecrets(request: TransportRequest, settings: TransportSettings): string[] {
  return [nodeKeyOf(request), ...proxySecrets(settings)];
}

function nodeKeyOf(request: TransportRequest): string {
  return request.endpoint === 'enroll' ? '' : request.nodeKey;
}

/** Name and password in `proxy_hostname`, as they stand there and as they are meant. */
export function proxySecrets({ proxyHostname }: Pick<TransportSettings, 'proxyHostname'>): string[] {
  const credentials = proxyHostname
    .slice(0, Math.max(0, proxyHostname.lastIndexOf('@')))
    .replace(/^http:\/\//i, '');
  const password = credentials.slice(credentials.indexOf(':') + 1);
  return [credentials, password, ...[credentials, password].map(decodePercents)];
}
