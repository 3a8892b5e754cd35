import { Random } from './random.ts';

/** In which situation the extension is killed. */
export type KillMoment =
  /** Lines come in, perhaps in the midst of a call. */
  | 'logging'
  /** No line comes in; those that wait go out. */
  | 'draining'
  /** It was started a moment ago, after the kill before, and may not have registered yet. */
  | 'starting'
  /** It has registered a moment ago, after the kill before, and lines come in. */
  | 'registered';

export interface Kill {
  readonly moment: KillMoment;
  /** Lines that have been handed over before, since the beginning. Not for those that follow the kill before. */
  readonly afterLines: number;
  /** Milliseconds from the moment to the kill. */
  readonly delayMs: number;
  /** Milliseconds until it is started again. */
  readonly downMs: number;
}

export interface ServerKill {
  readonly afterLines: number;
  readonly delayMs: number;
  readonly downMs: number;
}

/** An end of the transport thread alone. */
export interface ThreadKill {
  readonly afterLines: number;
  readonly delayMs: number;
}

/** Everything that is decided before the run begins: the same for the same seed. */
export interface Plan {
  readonly seed: number;
  readonly lines: number;
  readonly kills: readonly Kill[];
  readonly serverKills: readonly ServerKill[];
  /** Not together with `kills`. */
  readonly threadKills: readonly ThreadKill[];
  /** For the faults of the server. */
  readonly faultSeed: number;
  /** See `Evidence`. */
  readonly doubtful?: number;
}

/**
 * The last lines of a run, all of them good, are handed over when everything else is over: a line that the server
 * refuses may be held until others of its stream have passed, and on a real host there are always others.
 */
export function trailingLines(lines: number): number {
  return Math.min(30, Math.floor(lines * 0.02));
}

export function makePlan({ seed, kills, lines }: { seed: number; kills: number; lines: number }): Plan {
  const random = new Random(seed);
  const killList = Array.from({ length: kills }, (): Kill => {
    const moment = random.pick<KillMoment>([
      [6, 'logging'],
      [3, 'draining'],
      [1, 'starting'],
      [2, 'registered'],
    ]);
    const longest = { logging: 60, draining: 1500, starting: 500, registered: 150 }[moment];
    return {
      moment,
      afterLines: random.between(Math.floor(lines * 0.02), lines - trailingLines(lines)),
      delayMs: random.between(0, longest),
      downMs: random.between(0, 300),
    };
  });
  const serverKills = Array.from({ length: Math.ceil(kills / 4) }, () => ({
    afterLines: random.between(0, lines - trailingLines(lines)),
    delayMs: random.between(0, 1000),
    downMs: random.between(0, 2500),
  }));
  const byLines = (a: { afterLines: number }, b: { afterLines: number }) => a.afterLines - b.afterLines;
  return {
    seed,
    lines,
    kills: killList.sort(byLines),
    serverKills: serverKills.sort(byLines),
    threadKills: [],
    faultSeed: random.between(1, 2 ** 31),
  };
}

/** The second part: the extension lives, and only its transport thread is killed. */
export function makeThreadPlan(given: { seed: number; kills: number; lines: number }): Plan {
  const plan = makePlan({ ...given, kills: 0 });
  const random = new Random(given.seed ^ 0x74687264);
  const threadKills = Array.from({ length: given.kills }, () => ({
    afterLines: random.between(0, given.lines - trailingLines(given.lines)),
    delayMs: random.between(0, 500),
  }));
  return { ...plan, threadKills: threadKills.sort((a, b) => a.afterLines - b.afterLines) };
}
