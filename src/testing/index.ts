/** What we test with, and you can: a clock that stands still, and an osqueryd where there is none. */
export * from './osqueryd/index.ts';
export { VirtualClock } from './virtual-clock.ts';
