export { differences } from './compare.ts';
export type { Observed } from './observed.ts';
export { play } from './play.ts';
