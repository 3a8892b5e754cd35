import type { ConfigFate, KeyFate, LineFate } from '../cell.ts';

/** What happened in a cell, in the words of what was expected. Where no word fits, a text that says it. */
export interface Observed {
  readonly line: LineFate | string;
  readonly config: ConfigFate | string;
  readonly key: KeyFate | string;
  readonly next: 'done' | 'when asked' | 'at once' | number | string;
  /** The text that osqueryd was given, undefined for a failure or when it did not ask. */
  readonly queries: string | undefined;
  /** Ids of queries for which the server was sent a status that is not 0. */
  readonly reported: readonly string[];
  readonly requestsInAnHour: number | undefined;
  /** Whatever must never happen, and did. */
  readonly problems: readonly string[];
}
