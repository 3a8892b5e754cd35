import { authenticate, jsonReply, parseObject } from '../http/index.ts';
import type { EndpointHandler } from './endpoint.ts';

/** `config_tls_endpoint`: the config as it stands in the file. */
export const config: EndpointHandler = async ({ headers, body }, context) => {
  const request = parseObject(body);
  const node = authenticate(context.nodes, context.nodeKeyPlace, headers, request['node_key']);
  const text = await context.config.current();
  context.events.emit({ kind: 'config_served', node: node.hostIdentifier, bytes: text.length });
  return jsonReply(text);
};
