import type { IncomingHttpHeaders } from 'node:http';
import type { ConfigSource } from '../config-source.ts';
import type { QueryStore } from '../distributed/index.ts';
import type { ServerEvents } from '../events.ts';
import type { NodeKeyPlace, Reply } from '../http/index.ts';
import type { LogIntake } from '../lines/index.ts';
import type { NodeStore } from '../store/index.ts';

/** A request to the remote API, read and inflated. */
export interface EndpointRequest {
  readonly headers: IncomingHttpHeaders;
  /** May hold the enroll secret (`--tls_secret_always`). */
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** The node key out of the path; only from a client with `--tls_node_api`. */
  readonly pathKey?: string;
}

/** What the endpoints work with. */
export interface EndpointContext {
  readonly nodes: NodeStore;
  readonly queries: QueryStore;
  readonly config: ConfigSource;
  readonly intake: LogIntake;
  readonly events: ServerEvents;
  readonly secrets: readonly string[];
  /** Name of the secret in body and URI (`--tls_enroll_override`). */
  readonly secretName: string;
  readonly nodeKeyPlace: NodeKeyPlace;
}

/**
 * Answers one request.
 * @throws {HttpError} for a request that cannot be understood.
 * @throws {Refusal} for a wrong secret or node key.
 */
export type EndpointHandler = (request: EndpointRequest, context: EndpointContext) => Promise<Reply>;
