import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock/index.ts';
import { followResults, type QueryStore, type StoredQuery } from '../distributed/index.ts';
import type { ServerEvents } from '../events.ts';
import {
  HttpError,
  isOneOf,
  jsonReply,
  parseObject,
  type Reply,
  readBody,
  writeReply,
} from '../http/index.ts';
import type { NodeStore, StoredNode } from '../store/index.ts';
import { readQueryRequest } from './query-request.ts';

/** Where the operator API begins. */
export const operatorPath = '/api/';

const bodyLimitBytes = 1024 * 1024;

interface Parts {
  readonly nodes: NodeStore;
  readonly queries: QueryStore;
  readonly events: ServerEvents;
  readonly clock: Clock;
  readonly token: string;
  /** Aborted when the server closes: ends the streams. */
  readonly closing: AbortSignal;
}

/**
 * The operator's side, with `Authorization: Bearer <token>`:
 * - `GET /api/nodes`
 * - `GET /api/queries`, `POST /api/queries` (see `readQueryRequest`), `DELETE /api/queries/<id>`
 * - `GET /api/queries/<id>/results`: NDJSON, one `Followed` per line, as nodes answer.
 */
export class OperatorApi {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws {HttpError} */
  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    this.#authorize(request);
    const [collection, id, part] = path.slice(operatorPath.length).split('/');
    const route = [collection, id === undefined ? '' : ':id', part ?? ''].filter(Boolean).join('/');
    switch (`${request.method} ${route}`) {
      case 'GET nodes':
        return writeReply(request, response, this.#listNodes());
      case 'GET queries':
        return writeReply(request, response, this.#listQueries());
      case 'POST queries':
        return writeReply(request, response, await this.#createQuery(request));
      case 'DELETE queries/:id':
        await this.#parts.queries.cancel(this.#query(id).id);
        return writeReply(request, response, jsonReply({}));
      case 'GET queries/:id/results':
        return this.#streamResults(response, this.#query(id).id);
      default:
        throw new HttpError(404, 'the operator API has no such path and method');
    }
  }

  #authorize(request: IncomingMessage): void {
    const given = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined || !isOneOf(given, [this.#parts.token])) {
      throw new HttpError(401, 'operator token missing or wrong', { 'www-authenticate': 'Bearer' });
    }
  }

  #query(id: string | undefined): StoredQuery {
    const query = this.#parts.queries.get(id ?? '');
    if (query === undefined) throw new HttpError(404, 'no such query');
    return query;
  }

  #listNodes(): Reply {
    return jsonReply({ nodes: this.#parts.nodes.all().map(showNode) });
  }

  #listQueries(): Reply {
    return jsonReply({ queries: this.#parts.queries.all().map((query) => this.#showQuery(query)) });
  }

  async #createQuery(request: IncomingMessage): Promise<Reply> {
    const { nodes, queries, events } = this.#parts;
    const wanted = readQueryRequest(parseObject(await readBody(request, bodyLimitBytes)), nodes);
    const query = await queries.create(
      wanted,
      nodes.all().map((node) => node.id),
    );
    events.emit({ kind: 'query_created', query: query.id, sql: query.sql, nodes: query.awaited.length });
    return jsonReply(this.#showQuery(query), 201);
  }

  #showQuery(query: StoredQuery): Record<string, unknown> {
    const name = (id: string) => this.#parts.nodes.byId(id)?.hostIdentifier ?? id;
    return {
      id: query.id,
      sql: query.sql,
      all: query.nodes === null,
      nodes: query.awaited.map(name),
      missing: this.#parts.queries.missing(query.id).map(name),
      created: new Date(query.createdAt).toISOString(),
      expires: new Date(query.expiresAt).toISOString(),
    };
  }

  async #streamResults(response: ServerResponse, id: string): Promise<void> {
    const { queries, nodes, clock, closing } = this.#parts;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    for await (const item of followResults(queries, id, clock, AbortSignal.any([closing, gone.signal]))) {
      const shown =
        item.kind === 'end'
          ? { ...item, missing: item.missing.map((node) => nodes.byId(node)?.hostIdentifier ?? node) }
          : item;
      // A reader that is slow holds up its own stream alone.
      if (!response.write(`${JSON.stringify(shown)}\n`) && !response.destroyed) {
        await once(response, 'drain', { signal: gone.signal }).catch(() => {});
      }
    }
    response.end();
  }
}

function showNode(node: StoredNode): Record<string, unknown> {
  return {
    id: node.id,
    host_identifier: node.hostIdentifier,
    platform_type: node.platformType,
    enrolled: node.keyHashes.length > 0,
    first_enrolled: new Date(node.firstEnrolledAt).toISOString(),
    last_enrolled: new Date(node.enrolledAt).toISOString(),
    last_seen: new Date(node.lastSeenAt).toISOString(),
  };
}
