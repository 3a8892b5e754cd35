/** An ad-hoc query. Times are wall-clock milliseconds. */
export interface StoredQuery {
  readonly id: string;
  readonly sql: string;
  /** Ids of the nodes that it is for; `null` is all, also those that enroll later. */
  readonly nodes: readonly string[] | null;
  /** Ids of the nodes that were known when it was made and from which an answer is awaited. */
  readonly awaited: readonly string[];
  /** A node runs the query only when this SQL returns a row there. */
  readonly discovery?: string;
  /** Whole seconds for which the node then polls every 5 s. */
  readonly accelerateS?: number;
  readonly createdAt: number;
  /** From then on it is not delivered any more. Results are still taken. */
  readonly expiresAt: number;
}

/** What a node answered. */
export interface QueryResult {
  readonly query: string;
  /** Host identifier. */
  readonly node: string;
  /** 0 is success. */
  readonly status: number;
  /** Why it failed; empty from osquery before 4.4. */
  readonly message: string;
  readonly rows: readonly Record<string, unknown>[];
  readonly receivedAt: number;
}

/** What is known about one query and one node. */
export interface Delivery {
  readonly answered: boolean;
  /** When the lease of the last delivery ends, if there was one. */
  readonly leasedUntil: number | undefined;
}

/**
 * Whether a node that asks for work now gets this query. At least once: after a delivery nobody gets it again until the
 * lease has ended without a result, since the reply may have been lost, or the node restarted in the middle.
 */
export function isDue(query: StoredQuery, node: string, delivery: Delivery, now: number): boolean {
  if (now >= query.expiresAt || delivery.answered) return false;
  if (query.nodes !== null && !query.nodes.includes(node)) return false;
  return delivery.leasedUntil === undefined || now >= delivery.leasedUntil;
}
