import type { Cell, LineFate } from '../cell.ts';
import type { Arrival } from '../server/index.ts';

export interface LineFacts {
  /** What was handed over: JSON texts. */
  readonly handed: readonly string[];
  readonly arrivals: readonly Arrival[];
  readonly quarantined: readonly string[];
  /** Lines that still wait in the end. */
  readonly waiting: number;
}

/** What became of the lines that were handed over, by what the server saw. */
export function lineFate(cell: Cell, facts: LineFacts): LineFate | string {
  const fates = facts.handed.map((text) => ({ text, fate: fateOf(cell, canonical(text), facts) }));
  const others = fates.filter(({ text }) => !text.includes('poison'));
  const poisoned = fates.filter(({ text }) => text.includes('poison'));
  const names = new Set(fates.map(({ fate }) => fate));
  const [only] = names;
  if (names.size === 1 && only !== undefined) return only;
  const othersPassed = others.every(({ fate }) => fate === 'sent again' || fate === 'delivered');
  if (poisoned.length > 0 && poisoned.every(({ fate }) => fate === 'quarantined') && othersPassed) {
    return 'quarantined';
  }
  return [...names].map((name) => `${fates.filter(({ fate }) => fate === name).length} ${name}`).join(', ');
}

function fateOf(cell: Cell, text: string, { arrivals, quarantined, waiting }: LineFacts): string {
  const carrying = arrivals.filter(({ lines }) => lines.includes(text));
  const accepted = carrying.filter((arrival) => arrival.accepted).length;
  const hit = carrying.filter((arrival) => arrival.hit).length;
  if (quarantined.some((set) => canonical(set) === text)) {
    return accepted === 0 ? 'quarantined' : 'quarantined, though the server took it';
  }
  if (accepted > 1) return `taken ${accepted} times by a server that is well`;
  if (accepted === 1) return wasInTheWay(cell, arrivals) ? 'sent again' : 'delivered';
  if (waiting > 0) return 'kept';
  if (hit === 0) return 'lost';
  return hit === 1 ? 'delivered' : `sent ${hit} times`;
}

/** Whether the script was played to the requests that carry lines. */
function wasInTheWay({ endpoint, script: { act } }: Cell, arrivals: readonly Arrival[]): boolean {
  if (endpoint !== 'log' && endpoint !== 'distributed_write') return false;
  const refused = act.kind === 'connection' && act.fault === 'refuse';
  return refused || arrivals.some(({ hit }) => hit);
}

/** Both sides may put white space where they like. */
function canonical(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
