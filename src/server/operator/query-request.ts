import type { NewQuery } from '../distributed/index.ts';
import { HttpError } from '../http/index.ts';
import type { NodeStore } from '../store/index.ts';

/** How long a query is offered when its maker does not say. */
const defaultLifetimeS = 3600;
const maxLifetimeS = 30 * 86_400;

/**
 * Reads `{"sql", "nodes"?, "lifetime_s"?, "discovery"?, "accelerate_s"?}`. Nodes are named by host identifier or id.
 * @throws {HttpError} 400 for a wrong shape, 404 for an unknown node.
 */
export function readQueryRequest(body: Record<string, unknown>, nodes: NodeStore): NewQuery {
  const { sql, discovery, nodes: names } = body;
  if (typeof sql !== 'string' || sql.trim() === '')
    throw new HttpError(400, '"sql" must be a non-empty string');
  if (discovery !== undefined && (typeof discovery !== 'string' || discovery.trim() === '')) {
    // An entry that is empty makes osqueryd drop the whole reply.
    throw new HttpError(400, '"discovery" must be a non-empty string');
  }
  const lifetimeS = seconds(body, 'lifetime_s') ?? defaultLifetimeS;
  const accelerateS = seconds(body, 'accelerate_s');
  if (accelerateS !== undefined && !Number.isInteger(accelerateS)) {
    throw new HttpError(400, '"accelerate_s" must be an integer');
  }
  return {
    sql,
    lifetimeMs: Math.round(lifetimeS * 1000),
    ...(discovery === undefined ? {} : { discovery }),
    ...(accelerateS === undefined ? {} : { accelerateS }),
    ...(names === undefined ? {} : { nodes: idsOf(names, nodes) }),
  };
}

function seconds(body: Record<string, unknown>, name: string): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value > 0 && value <= maxLifetimeS) return value;
  throw new HttpError(400, `"${name}" must be a number of seconds above 0 and up to ${maxLifetimeS}`);
}

function idsOf(names: unknown, nodes: NodeStore): string[] {
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === 'string')) {
    throw new HttpError(400, '"nodes" must be a non-empty array of host identifiers');
  }
  const ids = names.map((name) => {
    const node = nodes.byName(name);
    if (node === undefined) throw new HttpError(404, `no node is called ${JSON.stringify(name)}`);
    return node.id;
  });
  return [...new Set(ids)];
}
