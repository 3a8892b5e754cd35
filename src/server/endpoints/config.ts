import { authenticate, jsonReply, parseObject } from '../http/index.ts';
import type { EndpointHandler } from './endpoint.ts';

/** `config_tls_endpoint`: the config as it stands in the file; as text in a member when the key came in the path. */
export const config: EndpointHandler = async ({ headers, body, pathKey }, context) => {
  const bodyKey = pathKey === undefined ? parseObject(body)['node_key'] : undefined;
  const node = authenticate(context.nodes, context.nodeKeyPlace, headers, bodyKey, pathKey);
  const text = await context.config.current();
  context.events.emit({ kind: 'config_served', node: node.hostIdentifier, bytes: text.length });
  return jsonReply(pathKey === undefined ? text : { config: Buffer.from(text).toString() });
};
