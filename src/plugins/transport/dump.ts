import type { HttpRequest } from './http-request.ts';
import { escapeRegExp, type Secrets } from './secrets.ts';
import type { TransportSettings } from './settings.ts';

/** Bytes of a body that a dump shows. */
const maxDumpBytes = 64 * 1024;

/**
 * A body for `tls_dump`, without secrets: neither those that the request carries, nor what stands in a member that holds
 * one, such as the key in the answer to an enrollment.
 * @param status of the reply; without it the body is that of the request
 */
export function dumpText(
  { endpoint, method }: Pick<HttpRequest, 'endpoint' | 'method'>,
  body: Uint8Array | undefined,
  { enrollOverride }: Pick<TransportSettings, 'enrollOverride'>,
  secrets: Secrets,
  status?: number,
): string {
  const bytes = body ?? new Uint8Array(0);
  const shown = Buffer.from(bytes.subarray(0, maxDumpBytes)).toString();
  const names = [
    'node_key',
    'enroll_secret',
    escapeRegExp(enrollOverride),
    ...(endpoint === 'enroll' ? ['id'] : []),
  ];
  // The value may be cut off at the end of what is shown.
  const members = new RegExp(`("(?:${names.join('|')})"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*(?:"|\\\\?$)`, 'g');
  const clean = secrets.scrub(shown.replace(members, '$1"<hidden>"'));
  const what = status === undefined ? `${method} ${endpoint}` : `${endpoint} answered HTTP ${status}`;
  const rest = bytes.length > maxDumpBytes ? ` … (${bytes.length} bytes)` : '';
  return `${what}: ${clean}${rest}`;
}
