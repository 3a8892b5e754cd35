import type { Endpoint } from './events.ts';

/** Where a request goes. */
export interface Route {
  readonly endpoint: Endpoint;
  /** The node key in front of the path, with `--tls_node_api`. */
  readonly pathKey?: string;
}

/**
 * Finds the endpoint of a path.
 * @param nodeApi whether `/<node_key><path>` counts too. Never for enroll, which has no key yet.
 */
export function routeOf(
  path: string,
  paths: Readonly<Record<Endpoint, string>>,
  nodeApi: boolean,
): Route | undefined {
  const endpoints = Object.entries(paths) as [Endpoint, string][];
  for (const [endpoint, own] of endpoints) if (own === path) return { endpoint };
  if (!nodeApi) return undefined;
  // osquery appends "&node_key=…" also where there is no "?" before it.
  const [plain = ''] = path.split('&node_key=');
  for (const [endpoint, own] of endpoints) {
    if (endpoint === 'enroll' || !plain.endsWith(own)) continue;
    const pathKey = plain.slice(1, plain.length - own.length);
    if (pathKey !== '' && !pathKey.includes('/')) return { endpoint, pathKey };
  }
  return undefined;
}
