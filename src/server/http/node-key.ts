import type { IncomingHttpHeaders } from 'node:http';
import type { NodeStore, StoredNode } from '../store/index.ts';
import { HttpError, Refusal } from './http-error.ts';

/**
 * Where a node key counts: real servers differ (the body alone, the `Authorization` header alone). osquery sends the
 * body member always, the header since 5.23.
 */
export type NodeKeyPlace = 'either' | 'body' | 'header';

/**
 * Finds the node that a request comes from, and notes that it was here.
 * @param bodyKey the member `node_key` of the body, whatever it is.
 * @param pathKey the key out of the path, where there was one; counts when there is none elsewhere.
 * @throws {Refusal} when there is no key, or none that is valid.
 * @throws {HttpError} 400 when body and header disagree.
 */
export function authenticate(
  nodes: NodeStore,
  place: NodeKeyPlace,
  headers: IncomingHttpHeaders,
  bodyKey: unknown,
  pathKey?: string,
): StoredNode {
  const inBody = place !== 'header' && typeof bodyKey === 'string' && bodyKey !== '' ? bodyKey : undefined;
  const inHeader = place === 'body' ? undefined : headerKey(headers);
  if (inBody !== undefined && inHeader !== undefined && inBody !== inHeader) {
    throw new HttpError(400, 'node_key and Authorization name different node keys');
  }
  const key = inBody ?? inHeader ?? pathKey;
  if (key === undefined) throw new Refusal('node key missing');
  const node = nodes.byKey(key);
  if (node === undefined) throw new Refusal('node key unknown');
  nodes.touch(node.id);
  return node;
}

function headerKey(headers: IncomingHttpHeaders): string | undefined {
  return /^NodeKey\s+(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1];
}
