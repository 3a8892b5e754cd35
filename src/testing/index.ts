/**
 * What we test with, and you can: a clock that stands still, an osqueryd where there is none, and servers of every kind
 * (`runConformance`).
 */
export * from './conformance/index.ts';
export * from './osqueryd/index.ts';
export { VirtualClock } from './virtual-clock.ts';
