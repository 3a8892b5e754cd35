import { readWriteBody, WriteBodyError, type WrittenResult } from '../distributed/index.ts';
import { authenticate, HttpError, jsonReply, parseObject } from '../http/index.ts';
import type { EndpointHandler } from './endpoint.ts';

/**
 * `distributed_tls_write_endpoint`: answered with `{}` when every result that is new has been stored. Results of unknown
 * queries are answered so too, since the node would keep them and send them again for ever.
 */
export const distributedWrite: EndpointHandler = async ({ headers, body, pathKey }, context) => {
  const request = parseObject(body);
  const node = authenticate(context.nodes, context.nodeKeyPlace, headers, request['node_key'], pathKey);
  const results = parse(request);
  const outcomes = await context.queries.write(node, results);
  for (const [i, { query, status, message, rows }] of results.entries()) {
    const place = { node: node.hostIdentifier, query };
    if (outcomes[i] === 'unknown') context.events.emit({ kind: 'result_ignored', ...place });
    else {
      const repeated = outcomes[i] === 'repeated';
      context.events.emit({
        kind: 'result_received',
        ...place,
        status,
        message,
        rows: rows.length,
        repeated,
      });
    }
  }
  return jsonReply({});
};

function parse(request: Record<string, unknown>): WrittenResult[] {
  try {
    return readWriteBody(request);
  } catch (error) {
    if (error instanceof WriteBodyError) throw new HttpError(400, error.message);
    throw error;
  }
}
