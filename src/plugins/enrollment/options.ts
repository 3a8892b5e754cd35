import type { Clock } from '../../clock/index.ts';
import type { TransportReply } from '../transport/index.ts';
import type { NodeKey } from './node-key.ts';
import type { EnrollmentSettings } from './settings.ts';
import type { StoredEnrollment } from './stored.ts';

export type Log = (level: 'info' | 'warning' | 'error', text: string) => void;

/** Our own durable state. What `load` returns is checked. `save` is never called twice at a time. */
export interface EnrollmentStore {
  load(): Promise<StoredEnrollment | undefined>;
  save(state: StoredEnrollment): Promise<void>;
}

/** osquery's own database, `configurations`/`nodeKey` and `nodeKeyTime`. May reject or hang while core is away. */
export interface KeyDatabase {
  read(): Promise<NodeKey | undefined>;
  write(key: NodeKey): Promise<void>;
}

export interface EnrollmentOptions {
  readonly clock: Clock;
  /** From 0 to 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
  /** Called for each decision. */
  readonly settings: () => EnrollmentSettings;
  readonly state: EnrollmentStore;
  readonly database: KeyDatabase;
  /** One enroll request. A rejection counts as a failed attempt. */
  readonly request: (signal: AbortSignal) => Promise<TransportReply>;
  /** Anything that changes when the enroll secret does. Looked at every 5 s while an attempt is waited for. */
  readonly secretMark?: () => string;
  readonly log: Log;
}

export type Obtained =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'none'; readonly reason: string };

export interface EnrollmentStatus {
  readonly enrolled: boolean;
  /** Unix seconds. */
  readonly keyTime?: number;
  /** Why the key was last replaced, or is being replaced. Empty if never. */
  readonly lastReason: string;
  /** Why the last attempt failed, or why the server refused a key that is kept. Empty after an enrollment. */
  readonly lastError: string;
  /** Attempts of the present series so far. */
  readonly attempts: number;
  /** Milliseconds until the next attempt, while one is waited for. */
  readonly nextAttemptMs?: number;
}
