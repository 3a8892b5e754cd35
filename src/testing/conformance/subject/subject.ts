import type { VirtualClock } from '../../virtual-clock.ts';

/** The host on which a client is judged. */
export interface Host {
  /** All waiting is done on it. The judge moves it. */
  readonly clock: VirtualClock;
  /** A directory for this client alone. */
  readonly dir: string;
  /** osqueryd's flags, without dashes. */
  readonly flags: Readonly<Record<string, string>>;
  /** What osqueryd's own database holds: the node key of an earlier enrollment, or nothing. It outlives a restart. */
  readonly database: Map<string, string>;
  /** What the client says; shown with a cell that fails. */
  readonly log: (level: string, text: string) => void;
}

/** A client under judgement, seen from osqueryd: it is called as osqueryd calls its plugins. */
export interface Subject {
  /** A result line. @returns the status code that osqueryd is given */
  string(line: string): Promise<number>;
  /** `genConfig`. @returns the configuration, undefined for a status that is not 0 */
  genConfig(): Promise<string | undefined>;
  /** `getQueries`. @returns the text of `results`, undefined for a status that is not 0 */
  getQueries(): Promise<string | undefined>;
  /** `writeResults`. @returns the status code */
  writeResults(results: string): Promise<number>;
  /** The last configuration that was brought to osqueryd without being asked for. */
  pushed(): string | undefined;
  /** Lines and distributed results that are still to be sent. */
  waiting(): number;
  /** The texts that were set aside for good. */
  quarantined(): Promise<readonly string[]>;
  /** Lines and results that were given up. Never wanted here. */
  dropped(): number;
  /**
   * Requests, and other work, that end in real time: the judge does not move the clock while there is any, except for
   * requests to a server that hangs.
   */
  underWay(): number;
  /** Requests that it has begun so far, those that found no server included. */
  requests(): number;
  close(): Promise<void>;
}

/** Starts a client on a host. */
export type OpenSubject = (host: Host) => Promise<Subject>;
