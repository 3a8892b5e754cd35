import type { Bench } from './bench.ts';

/** One thing that must be true of extension and osqueryd together. They run in order, each on what the last one left. */
export interface Check {
  readonly name: string;
  /** @throws {Error} whose message says what was otherwise. */
  run(bench: Bench): Promise<void>;
}

/** Fails a check. */
export function require(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
