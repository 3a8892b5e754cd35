import type { Clock } from '../clock/index.ts';
import type { Endpoint } from './events.ts';
import type { Intercept } from './faults.ts';
import type { NodeKeyPlace } from './http/index.ts';
import type { AcceptedLines } from './lines/index.ts';

/** What the server listens with. PEM text, not paths. */
export interface ServerTls {
  readonly certificate: string;
  readonly key: string;
  /** What clients must trust; written to `caFile`. Default `certificate`. */
  readonly ca?: string;
}

/** Everything but `secrets` has a default that works. */
export interface ServerOptions {
  /** Enroll secrets that are accepted, none of them empty. None: every enrollment is refused. */
  readonly secrets: readonly string[];
  /** Name of the secret in the enroll body and the URI, as `--tls_enroll_override`. Default `enroll_secret`. */
  readonly secretName?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** Nodes, queries, results, logs and the operator token. Default a directory that `close` removes. */
  readonly dataDirectory?: string;
  /** The config for all nodes: a JSON file that is read again when it changes, or an object. Default `{}`. */
  readonly config?: { readonly file: string } | { readonly value: Readonly<Record<string, unknown>> };
  /** Default: a throw-away CA and a certificate for localhost, 127.0.0.1 and ::1, made at each start. */
  readonly tls?: ServerTls;
  /** Ask for client certificates, signed by this CA (PEM), and refuse connections without. Default off. */
  readonly clientCa?: string;
  /** Paths of the endpoints, each with a slash in front. Default `/enroll`, `/config`, `/log`, `/distributed_read` ... */
  readonly paths?: Partial<Readonly<Record<Endpoint, string>>>;
  /** Bytes of a body, as sent and as inflated. Default 1 MiB for enroll, 32 MiB for log and write, 64 KiB for the rest. */
  readonly limits?: Partial<Readonly<Record<Endpoint, number>>>;
  /** Status of the answer to a wrong secret or node key, always with `node_invalid`. Default 200, as most servers do. */
  readonly refusalStatus?: 200 | 401;
  /** Default `either`. */
  readonly nodeKeyPlace?: NodeKeyPlace;
  /**
   * Also answer clients with `--tls_node_api`: the node key in front of the path and as `&node_key=` behind it, the config
   * by GET and as escaped text. Default false, as then every unknown path would look like a node key.
   */
  readonly nodeApi?: boolean;
  /**
   * What becomes of a host's earlier node keys when it enrolls again. Default `retire`, as Fleet and osctrl do: a key
   * that leaked is worth nothing after the next enrollment. Two machines that send the same host identifier then take
   * the key away from each other; `keep` lets the last 16 keys stay valid.
   */
  readonly earlierKeys?: 'retire' | 'keep';
  /** How long a delivered query is not delivered to the same node again. Default 30 s. */
  readonly queryLeaseMs?: number;
  /** Acknowledge nothing before it is on the disk itself, and not just with the operating system. Default false. */
  readonly sync?: boolean;
  /** Gets the new lines before they are acknowledged. When it throws, the batch is answered with 500. */
  readonly onLines?: (accepted: AcceptedLines) => void | Promise<void>;
  /** Faults for tests, asked for each request, after the rules of `ReferenceServer.faults`. */
  readonly intercept?: Intercept;
  readonly clock?: Clock;
}

export const defaultPaths: Readonly<Record<Endpoint, string>> = {
  enroll: '/enroll',
  config: '/config',
  log: '/log',
  distributed_read: '/distributed_read',
  distributed_write: '/distributed_write',
};

const kib = 1024;
const mib = 1024 * kib;

export const defaultLimits: Readonly<Record<Endpoint, number>> = {
  enroll: mib,
  config: 64 * kib,
  log: 32 * mib,
  distributed_read: 64 * kib,
  distributed_write: 32 * mib,
};
