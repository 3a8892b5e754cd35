import type { Cell } from '../cell.ts';
import type { Arrival } from '../server/index.ts';
import type { Observed } from './observed.ts';
import type { Stage } from './stage.ts';

/** Nobody comes by himself later than this, if he was not to come at all. */
const noneMs = 60_000;
/** How long a late attempt is looked for, to say how late it was. */
const diagnosisMs = 120_000;

/** osquery's limit for one attempt. */
const deadlineMs = 16_000;

export interface Begun {
  /** When the request was to be made, on the virtual clock. */
  readonly at: number;
  /** Arrivals before that. */
  readonly seen: number;
}

/**
 * Lets time pass up to the next attempt at the endpoint that failed, and says when it came. The clock stands still at
 * the end of the time in which it is expected, so that a slow machine makes nobody late.
 * @param call what osqueryd waits for, if it does
 */
export async function nextAttempt(
  cell: Cell,
  stage: Stage,
  begun: Begun,
  call: Promise<unknown> | undefined,
): Promise<Observed['next']> {
  const { next } = cell.expected;
  const { act } = cell.script;
  // A refused connection is nothing that a server sees.
  const first = act.kind === 'connection' && act.fault === 'refuse' ? 0 : 1;
  const mine = (arrival: Arrival) =>
    stage.server.arrivals.indexOf(arrival) >= begun.seen &&
    (arrival.endpoint === cell.endpoint || arrival.endpoint === undefined);
  const found = () => stage.server.arrivals.filter(mine)[first];
  const told = () => {
    const arrival = found();
    if (arrival === undefined) return undefined;
    const seconds = (arrival.at - begun.at) / 1_000;
    return seconds === 0 ? 'at once' : seconds;
  };
  if (next === 'done' || next === 'when asked') {
    if (call !== undefined) await stage.answered(call);
    await stage.pass(noneMs);
    return told() ?? next;
  }
  if (next === 'at once') {
    await stage.arrived(first + 1, mine);
  } else {
    const [fromS, toS] = next;
    if (stage.server.held > 0) await stage.giveUp(deadlineMs);
    await stage.pass(Math.max(0, begun.at + fromS * 1_000 - 1 - stage.clock.monotonic()));
    const left = begun.at + toS * 1_000 - stage.clock.monotonic();
    if (!(await stage.until(() => found() !== undefined, left))) await stage.arrived(first + 1, mine);
  }
  if (found() === undefined) await stage.until(() => found() !== undefined, diagnosisMs);
  return told() ?? 'never';
}
