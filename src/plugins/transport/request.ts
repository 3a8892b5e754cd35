import type { HostDetails } from '../../api.ts';
import type { Batch } from '../outbox/index.ts';

/** One request to the remote API, told apart by `endpoint`. Plain data: it crosses the message port. */
export type TransportRequest = EnrollCall | ConfigCall | LogCall | DistributedReadCall | DistributedWriteCall;

export interface EnrollCall {
  readonly endpoint: 'enroll';
  readonly hostIdentifier: string;
  /** Decimal bit mask: `"9"` Linux, `"21"` macOS, `"2"` Windows. */
  readonly platformType: string;
  readonly hostDetails: HostDetails;
}

export interface ConfigCall {
  readonly endpoint: 'config';
  readonly nodeKey: string;
  /** Path on the server in place of `config_tls_endpoint`: a pack that stands on its own. */
  readonly path?: string;
}

export interface LogCall {
  readonly endpoint: 'log';
  readonly nodeKey: string;
  /** Result or status records. Their bytes are copied once and stay with the caller. */
  readonly batch: Batch;
}

export interface DistributedReadCall {
  readonly endpoint: 'distributed_read';
  readonly nodeKey: string;
}

export interface DistributedWriteCall {
  readonly endpoint: 'distributed_write';
  readonly nodeKey: string;
  /** The JSON text that osqueryd handed to `writeResults`, without a node key. */
  readonly results: Uint8Array;
  /** The number of the result, for servers that drop repeats. */
  readonly line?: { readonly writer: string; readonly record: number };
}

export type Endpoint = TransportRequest['endpoint'];
