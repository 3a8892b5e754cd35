import type { ScheduledQuery } from './pack.ts';

/** What the scheduler does at one second of its counter. */
export interface ScheduleStep {
  /** To run in this order. */
  readonly queries: readonly ScheduledQuery[];
  /** Decorators of kind `interval` run after the queries. */
  readonly intervalDecorators: boolean;
  /** Database and connections are opened afresh. */
  readonly reload: boolean;
  /** Status lines are relayed to the loggers, last of all. */
  readonly relayStatus: boolean;
}

/**
 * What is due at a second. The counter starts at the Unix time and goes up by one per step; a query runs when it is a
 * multiple of the query's splayed interval, so two queries of one interval run in the same second on every host.
 * @param schedule all active queries: packs in the order of loading, names in byte order.
 * @param reloadSeconds `--schedule_reload`, default 3600, 0 for never.
 */
export function stepAt(
  second: number,
  schedule: readonly ScheduledQuery[],
  reloadSeconds: number = 3600,
): ScheduleStep {
  return {
    queries: schedule.filter(({ splayedInterval }) => splayedInterval > 0 && second % splayedInterval === 0),
    intervalDecorators: second % 60 === 0,
    reload: reloadSeconds > 0 && second % reloadSeconds === 0,
    relayStatus: second % 3 === 0,
  };
}

/** How the scheduler keeps its pace of one step a second. */
export class SchedulePace {
  #driftMs = 0;

  /**
   * The pause after a step, in milliseconds: what is left of the second; time lost in long steps is made up for by
   * steps without a pause.
   * @param maxDriftSeconds `--schedule_max_drift`, default 60: what is lost beyond it is forgotten.
   */
  pauseAfter(stepMs: number, maxDriftSeconds: number = 60): number {
    const used = stepMs + this.#driftMs;
    if (used < 1000) {
      this.#driftMs = 0;
      return 1000 - used;
    }
    this.#driftMs += stepMs - 1000;
    if (maxDriftSeconds === 0 || this.#driftMs > maxDriftSeconds * 1000) this.#driftMs = 0;
    return 0;
  }
}
