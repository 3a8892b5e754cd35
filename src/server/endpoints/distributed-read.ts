import type { DistributedReadReply } from '../../api.ts';
import { authenticate, jsonReply, parseObject } from '../http/index.ts';
import type { EndpointHandler } from './endpoint.ts';

/** `distributed_tls_read_endpoint`: the queries that are due for the node. */
export const distributedRead: EndpointHandler = async ({ headers, body, pathKey }, context) => {
  const request = parseObject(body);
  const node = authenticate(context.nodes, context.nodeKeyPlace, headers, request['node_key'], pathKey);
  const due = context.queries.lease(node);
  const reply: DistributedReadReply = {
    queries: Object.fromEntries(due.map(({ query }) => [query.id, query.sql])),
  };
  const discovery = due.flatMap(({ query }) =>
    query.discovery === undefined ? [] : [[query.id, query.discovery]],
  );
  if (discovery.length > 0) reply.discovery = Object.fromEntries(discovery);
  const accelerate = Math.max(...due.map(({ query }) => query.accelerateS ?? 0), 0);
  if (accelerate > 0) reply.accelerate = accelerate;
  for (const { query, again } of due) {
    context.events.emit({ kind: 'query_delivered', node: node.hostIdentifier, query: query.id, again });
  }
  return jsonReply({ ...reply });
};
