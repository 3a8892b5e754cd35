import { HttpError, isOneOf, jsonReply, parseObject, Refusal } from '../http/index.ts';
import type { EndpointHandler } from './endpoint.ts';

/** Longest host identifier that is kept; real ones are host names and UUIDs. */
const maxIdentifierLength = 1024;

/** `enroll_tls_endpoint`: a secret for a node key. */
export const enroll: EndpointHandler = async ({ body, query }, { nodes, events, secrets, secretName }) => {
  const request = parseObject(body);
  const hostIdentifier = request['host_identifier'];
  if (typeof hostIdentifier !== 'string' || hostIdentifier === '') {
    throw new HttpError(400, '"host_identifier" must be a non-empty string');
  }
  if (hostIdentifier.length > maxIdentifierLength) {
    throw new HttpError(400, `"host_identifier" is longer than ${maxIdentifierLength} characters`);
  }
  const secret = request[secretName] ?? query.get(secretName);
  if (typeof secret !== 'string' || !isOneOf(secret, secrets)) {
    const reason =
      typeof secret === 'string' && secret !== '' ? 'enroll secret wrong' : 'enroll secret missing';
    events.emit({ kind: 'enroll_refused', node: hostIdentifier, reason });
    throw new Refusal(reason);
  }
  // Before 2.7 there was no platform_type, before 2.11 no host_details; both may be of any shape and are only kept.
  const { node, nodeKey, again } = await nodes.enroll({
    hostIdentifier,
    platformType: String(request['platform_type'] ?? ''),
    hostDetails: request['host_details'] ?? null,
  });
  events.emit({ kind: 'enrolled', node: node.hostIdentifier, again });
  return jsonReply({ node_key: nodeKey });
};
