import type { Check } from './check.ts';
import { conversation } from './conversation.ts';
import { endings } from './endings.ts';
import { failures } from './failures.ts';

export { Bench } from './bench.ts';
export type { Check } from './check.ts';

/** All checks, in the order in which they are to be run with one bench. */
export const checks: readonly Check[] = [...conversation, ...failures, ...endings];
