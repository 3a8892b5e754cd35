/**
 * The bodies of osquery's remote API, as both sides see them. `src/plugins` writes the requests, `src/server` reads
 * them. Sources: osquery's TLS plugins (enroll, config, logger, distributed) as of 5.23.
 */

/** All leaves are strings, also numbers: real servers refuse anything else. */
export type HostDetails = Record<string, Record<string, string>>;

/** `enroll_tls_endpoint`. The member that carries the secret is named by `--tls_enroll_override`. */
export type EnrollRequest = {
  host_identifier: string;
  /** Decimal bit mask as a string: `"9"` Linux, `"21"` macOS, `"2"` Windows. */
  platform_type: string;
  host_details: HostDetails;
} & Record<string, unknown>;

/** A usable `node_key` (or `id`) is a non-empty string; anything else is a refusal. */
export interface EnrollReply {
  node_key?: string;
  id?: string;
  node_invalid?: boolean;
  error?: string;
}

/** `config_tls_endpoint`, and `distributed_tls_read_endpoint`. */
export interface NodeRequest {
  node_key: string;
}

/** `logger_tls_endpoint`. `data` holds result lines and snapshots, or status lines, as JSON objects. */
export interface LogRequest extends NodeRequest {
  log_type: 'result' | 'status';
  data: unknown[];
}

/** A status line as the built-in logger sends it (`log_type` `status`). */
export interface StatusLine {
  hostIdentifier: string;
  calendarTime: string;
  unixTime: number;
  /** 0 info, 1 warning, 2 error, 3 fatal. */
  severity: number;
  filename: string;
  line: number;
  message: string;
  /** Version of osquery. */
  version: string;
}

/** Reply of `distributed_tls_read_endpoint`, and what `getQueries` hands to osqueryd. */
export interface DistributedReadReply {
  /** SQL by query id. */
  queries?: Record<string, string>;
  /** A query runs only when its discovery query returns a row. */
  discovery?: Record<string, string>;
  /** Seconds for which osqueryd polls every 5 s. An integer. */
  accelerate?: number;
  node_invalid?: boolean;
}

/** `distributed_tls_write_endpoint`. All four objects are keyed by query id. */
export interface DistributedWriteRequest extends NodeRequest {
  queries: Record<string, Record<string, string>[]>;
  /** 0 is success. */
  statuses: Record<string, number>;
  /** Since osquery 4.4. */
  messages?: Record<string, string>;
  /** Since osquery 5.8. Empty for a query on the denylist. */
  stats?: Record<string, Record<string, number>>;
}

/**
 * Headers by which a server that knows them drops repeated lines. Other servers ignore them.
 * `numbers` lists the numbers of the lines in `data`, in order, as ranges: `1-36,38-100`. A number is `record` or
 * `record.row`, where `record` alone means its row 0, and a range with rows stays within one record:
 * `7,8.0-8.4,9-12` is 10 lines.
 */
export const dedupeHeaders = {
  writer: 'x-osquery-remote-writer',
  stream: 'x-osquery-remote-stream',
  numbers: 'x-osquery-remote-lines',
} as const;

/** The streams that a node numbers on their own. */
export type StreamName = 'result' | 'status' | 'distributed';
