import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { type EndpointContext, endpointHandlers } from './endpoints/index.ts';
import type { Endpoint, ServerEvents } from './events.ts';
import type { Fault, FaultReply, InterceptedRequest } from './faults.ts';
import { ClientGone, HttpError, jsonReply, Refusal, type Reply, readBody, writeReply } from './http/index.ts';
import { resetConnection } from './https.ts';
import { type OperatorApi, operatorPath } from './operator/index.ts';
import { type Route, routeOf } from './route.ts';

interface Parts {
  readonly context: EndpointContext;
  readonly operator: OperatorApi;
  readonly paths: Readonly<Record<Endpoint, string>>;
  readonly limits: Readonly<Record<Endpoint, number>>;
  readonly nodeApi: boolean;
  readonly refusalStatus: 200 | 401;
  readonly fault: (endpoint: Endpoint, request: InterceptedRequest) => Promise<Fault | undefined>;
  readonly events: ServerEvents;
}

/** Requests of which the body has been read: closing waits until they have been answered. */
export type Pending = Set<Promise<unknown>>;

/** Turns HTTP requests into calls of the endpoints, and what these return or throw into answers. */
export function createRequestListener(parts: Parts, pending: Pending): RequestListener {
  return (request, response) => {
    // Errors of the socket; what waits for the body or the answer learns of them by `close`.
    request.on('error', () => {});
    response.on('error', () => {});
    const [path = '', search = ''] = splitUrl(request.url ?? '');
    const route = routeOf(path, parts.paths, parts.nodeApi);
    const place = route?.endpoint ?? (path.startsWith(operatorPath) ? 'operator' : 'unknown path');
    const answered = answer(route, request, response, path, search).catch((error: unknown) => {
      const reply = replyTo(error, parts, place);
      if (reply !== undefined) writeReply(request, response, reply);
    });
    void answered;
  };

  async function answer(
    route: Route | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    search: string,
  ): Promise<void> {
    if (route === undefined) {
      if (path.startsWith(operatorPath)) return parts.operator.handle(request, response, path);
      throw new HttpError(404, 'no such path');
    }
    const method = route.pathKey !== undefined && route.endpoint === 'config' ? 'GET' : 'POST';
    if (request.method !== method) {
      throw new HttpError(405, `this path takes ${method}`, { allow: method });
    }
    const body = await readBody(request, parts.limits[route.endpoint]);
    const done = process(route, request, response, body, search);
    pending.add(done);
    await done.finally(() => pending.delete(done));
  }

  async function process(
    { endpoint, pathKey }: Route,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    search: string,
  ): Promise<void> {
    const { method = '', url = '', headers } = request;
    const fault = await parts.fault(endpoint, { method, url, headers, body });
    if (fault !== undefined) parts.events.emit({ kind: 'fault_injected', endpoint, fault: nameOf(fault) });
    if (fault === 'hang') return;
    if (fault === 'reset') return resetConnection(request);
    if (typeof fault === 'object' && !fault.afterProcessing) {
      return writeReply(request, response, faultReply(fault));
    }
    const query = new URLSearchParams(search);
    const asked = { headers, query, body, ...(pathKey === undefined ? {} : { pathKey }) };
    const reply = await endpointHandlers[endpoint](asked, parts.context).catch((error: unknown) =>
      replyTo(error, parts, endpoint),
    );
    if (fault === 'hang_after') return;
    if (fault === 'reset_after' || reply === undefined) return resetConnection(request);
    writeReply(request, response, typeof fault === 'object' ? faultReply(fault) : reply);
    await finished(response).catch(() => {});
  }
}

function splitUrl(url: string): string[] {
  const at = url.indexOf('?');
  return at < 0 ? [url] : [url.slice(0, at), url.slice(at + 1)];
}

function replyTo(error: unknown, { refusalStatus, events }: Parts, place: string): Reply | undefined {
  if (error instanceof Refusal) {
    if (place !== 'enroll') {
      events.emit({ kind: 'node_refused', endpoint: place as Endpoint, reason: error.message });
    }
    return refusalStatus === 200
      ? jsonReply({ node_invalid: true })
      : jsonReply({ error: error.message, node_invalid: true }, refusalStatus);
  }
  if (error instanceof ClientGone) {
    events.emit({ kind: 'bad_request', place, status: 0, reason: error.message });
    return undefined;
  }
  if (error instanceof HttpError) {
    events.emit({ kind: 'bad_request', place, status: error.status, reason: error.message });
    return jsonReply({ error: error.message }, error.status, error.headers);
  }
  events.emit({
    kind: 'server_error',
    place,
    reason: error instanceof Error ? error.message : String(error),
  });
  // With an `error` member: osquery's own client takes an empty 500 for success and deletes its logs.
  return jsonReply({ error: 'internal server error' }, 500);
}

function faultReply({ status = 200, headers, body = '' }: FaultReply): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? Buffer.from(body) : body,
  };
}

function nameOf(fault: Fault): string {
  if (typeof fault === 'string') return fault;
  return `${fault.status ?? 200}${fault.afterProcessing ? ' after processing' : ''}`;
}
