import type { TransportSettings } from './settings.ts';
import { userAgent } from './user-agent.ts';

/** Names and values in the order of the wire. `Host`, `Connection` and `Content-Length` are added by the connection. */
export type HeaderList = [name: string, value: string][];

/**
 * The headers of a request, in osquery's order: Content-Type, Accept, User-Agent, Authorization, Content-Encoding,
 * Accept-Encoding. `Authorization` stays out for a blank key (as in osquery, which also sends none with the enroll
 * request) and for one that no header can carry: the key is in the body as well.
 */
export function requestHeaders(
  settings: Pick<TransportSettings, 'osqueryVersion' | 'acceptGzip'>,
  nodeKey: string,
): HeaderList {
  const headers: HeaderList = [
    ['Content-Type', 'application/json'],
    ['Accept', 'application/json'],
    ['User-Agent', userAgent(settings.osqueryVersion)],
  ];
  if (nodeKey !== '' && /^[\x21-\x7e]+$/.test(nodeKey)) headers.push(['Authorization', `NodeKey ${nodeKey}`]);
  if (settings.acceptGzip) headers.push(['Accept-Encoding', 'gzip']);
  return headers;
}
