/** A node key, and when it was issued. */
export interface NodeKey {
  /** Blank only when the client certificate says who the node is. */
  readonly key: string;
  /** Unix seconds from before the enroll request, as osquery's `nodeKeyTime`. */
  readonly time: number;
}
