import { RemoteError } from './error.ts';
import type { Endpoint } from './request.ts';
import type { TransportSettings } from './settings.ts';

/** The flag that names the path of an endpoint, for messages. */
const flagOf: Record<Endpoint, string> = {
  enroll: 'enroll_tls_endpoint',
  config: 'config_tls_endpoint',
  log: 'logger_tls_endpoint',
  distributed_read: 'distributed_tls_read_endpoint',
  distributed_write: 'distributed_tls_write_endpoint',
};

/**
 * The URI of an endpoint, put together as osquery's `makeURI` does: host and path one behind the other, with
 * `tls_secret_always` the secret as a query variable, with `tls_node_api` the node key in front of the path and behind
 * it. Two differences: what goes into the URI is percent-encoded, and a slash that is missing between host and path is
 * added.
 * @param override a path in place of the endpoint's own
 * @throws {RemoteError} `settings`
 */
export function makeUri(
  settings: TransportSettings,
  endpoint: Endpoint,
  secret: string,
  nodeKey: string,
  override?: string,
): URL {
  const { hostname, secretAlways, enrollOverride, nodeApi } = settings;
  if (hostname === '') {
    throw new RemoteError('settings', '--tls_hostname is not set: it names the server, as host[:port]');
  }
  if (/^\w+:\/\//.test(hostname)) {
    throw new RemoteError('settings', '--tls_hostname is host[:port], without https:// in front');
  }
  let path = override ?? pathOf(settings, endpoint);
  if (path === '')
    throw new RemoteError(
      'settings',
      `--${flagOf[endpoint]} is not set: it is the path of the ${endpoint} endpoint`,
    );
  if (!path.startsWith('/') && !hostname.includes('/')) path = `/${path}`;
  const asNode = nodeApi && endpoint !== 'enroll';
  let uri = asNode
    ? `https://${hostname}/${encodeURIComponent(nodeKey)}${path}`
    : `https://${hostname}${path}`;
  if (secretAlways) {
    uri += `${uri.includes('?') ? '&' : '?'}${encodeURIComponent(enrollOverride)}=${encodeURIComponent(secret)}`;
  }
  if (asNode) uri += `&node_key=${encodeURIComponent(nodeKey)}`;
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || url.hostname === '' || url.username !== '') {
    // Somebody may have put a password there.
    throw new RemoteError('settings', `--tls_hostname=${hostname.replace(/^.*@/, '…@')} is no host[:port]`);
  }
  url.hash = '';
  return url;
}

function pathOf({ endpoints }: TransportSettings, endpoint: Endpoint): string {
  switch (endpoint) {
    case 'distributed_read':
      return endpoints.distributedRead;
    case 'distributed_write':
      return endpoints.distributedWrite;
    default:
      return endpoints[endpoint];
  }
}
