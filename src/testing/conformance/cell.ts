import type { Script } from './server/index.ts';

export type Endpoint = 'enroll' | 'config' | 'log' | 'distributed_read' | 'distributed_write';

export const endpoints: readonly Endpoint[] = [
  'enroll',
  'config',
  'log',
  'distributed_read',
  'distributed_write',
];

/**
 * One cell of the table: a server that does something to the requests of one endpoint, and what a client must make of
 * it. Written by hand; nothing in it is computed by what it judges.
 */
export interface Cell {
  /** Unique. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Rows of section 4 of the survey of servers ("incompatibilities a client must tolerate"), 0 for its section 3. */
  readonly rows: readonly number[];
  readonly script: Script;
  readonly given: Given;
  readonly expected: Expected;
}

/** What is there before the server begins to misbehave. */
export interface Given {
  /** Whether osqueryd was given a configuration before. Default true. */
  readonly lastGood?: boolean;
  /** The client is closed and opened again, in the same directory, after it was given the configuration. */
  readonly restarted?: boolean;
  /** More flags of osqueryd. `{dir}` is the client's directory; `client.pem` and `client.key` are there. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The result lines that are handed over, in place of a single short one. */
  readonly lines?: readonly string[];
  /** The texts of `writeResults`, in place of one with one query. */
  readonly results?: readonly string[];
}

export interface Expected {
  /** What becomes of the result lines; for a distributed write, of the results. */
  readonly line: LineFate;
  /** What osqueryd has in the end. */
  readonly config: ConfigFate;
  readonly key: KeyFate;
  /** When the client comes again to the endpoint that failed. */
  readonly next: Next;
  /** For a distributed read: what osqueryd is given. Text is compared as JSON. */
  readonly queries?: 'none' | 'given' | { readonly json: unknown };
  /** For a distributed read: ids of which the server is told that they cannot be run. Default none. */
  readonly reported?: readonly string[];
  /** Requests of the hour that follows, with osqueryd's refreshes every 5 min. For servers that never get well. */
  readonly inAnHour?: { readonly endpoint: Endpoint; readonly fewest: number; readonly most: number };
}

/**
 * - `delivered`: the first answer counts, nothing is sent twice;
 * - `sent again`: kept, and delivered once when the server is well again;
 * - `quarantined`: the lines that hold the word `poison` are set aside, all others are delivered once;
 * - `kept`: still waiting, since the server is never well.
 */
export type LineFate = 'delivered' | 'sent again' | 'quarantined' | 'kept';

/**
 * - `new`: the newest of the server;
 * - `last good`: the one from before;
 * - `none`: status 1, osqueryd has nothing;
 * - `pushed`: status 1 first, then brought to osqueryd without being asked.
 */
export type ConfigFate = 'new' | 'last good' | 'none' | 'pushed';

/**
 * - `kept`: the same from the beginning to the end, and no enrollment;
 * - `replaced`: given up, and exactly one enrollment;
 * - `replaced again and again`: more than once, since the server refuses each new key;
 * - `first answer`, `later`: for an enrollment, the key of the answer in question, or that of the next attempt;
 * - `never`: as long as the server refuses.
 */
export type KeyFate = 'kept' | 'replaced' | 'replaced again and again' | 'first answer' | 'later' | 'never';

/**
 * - `done`: there is nothing to come again for;
 * - `when asked`: not before osqueryd asks again;
 * - `at once`: no time passes;
 * - seconds: not before the first, and not after the second.
 */
export type Next = 'done' | 'when asked' | 'at once' | readonly [fromS: number, toS: number];
