import { Random } from './random.ts';

/** What the user's own code does in the transport thread: `support/wicked-transport.mjs` knows how. */
export type ModuleFault =
  | 'throw'
  | 'bad_answer'
  | 'lost_answer'
  | 'asks_twice'
  | 'slow'
  | 'taken_away'
  | 'exit'
  | 'crash'
  | 'block'
  | 'heap_leak'
  | 'buffer_leak'
  | 'never_settles'
  | 'spin';

/** What happens to a connection on its way. */
export type SocketFault =
  | 'refused'
  | 'handshake_cut'
  | 'handshake_silent'
  | 'request_cut'
  | 'answer_cut'
  | 'lost_reply'
  | 'half_open'
  | 'half_closed'
  | 'lying_keep_alive'
  | 'garbage'
  | 'trickle';

/** Everything that is decided before the run begins: the same for the same seed. */
export interface TransportPlan {
  readonly seed: number;
  readonly module: readonly ModuleFault[];
  readonly socket: readonly SocketFault[];
  /** Bad answers of the server, which chooses them itself. */
  readonly server: number;
  readonly serverKills: number;
  readonly faultSeed: number;
}

type Where =
  | { readonly layer: 'module'; readonly kind: ModuleFault }
  | { layer: 'socket'; kind: SocketFault };

/**
 * Of 1,000 faults so many of each kind. What costs as long as a client waits is rare, so that it does not become most
 * of the run: a spinning thread is found after 10 to 12 s, in which nothing else moves; a call that never settles has
 * 16 s, a half open connection the same, a silent handshake 10 s, while calls to other endpoints go on.
 */
const shares: readonly (readonly [number, Where])[] = [
  [100, { layer: 'module', kind: 'throw' }],
  [110, { layer: 'module', kind: 'bad_answer' }],
  [60, { layer: 'module', kind: 'lost_answer' }],
  [25, { layer: 'module', kind: 'asks_twice' }],
  [50, { layer: 'module', kind: 'slow' }],
  [60, { layer: 'module', kind: 'taken_away' }],
  [40, { layer: 'module', kind: 'exit' }],
  [25, { layer: 'module', kind: 'crash' }],
  [8, { layer: 'module', kind: 'block' }],
  [8, { layer: 'module', kind: 'heap_leak' }],
  [8, { layer: 'module', kind: 'buffer_leak' }],
  [16, { layer: 'module', kind: 'never_settles' }],
  [6, { layer: 'module', kind: 'spin' }],
  [45, { layer: 'socket', kind: 'refused' }],
  [40, { layer: 'socket', kind: 'handshake_cut' }],
  [5, { layer: 'socket', kind: 'handshake_silent' }],
  [45, { layer: 'socket', kind: 'request_cut' }],
  [60, { layer: 'socket', kind: 'answer_cut' }],
  [55, { layer: 'socket', kind: 'lost_reply' }],
  [9, { layer: 'socket', kind: 'half_open' }],
  [25, { layer: 'socket', kind: 'half_closed' }],
  [40, { layer: 'socket', kind: 'lying_keep_alive' }],
  [15, { layer: 'socket', kind: 'garbage' }],
  [10, { layer: 'socket', kind: 'trickle' }],
];
const serverShare = 130;
const serverKillShare = 5;

/** Kinds that a short run can do without: they cost many seconds each. */
const dear: ReadonlySet<string> = new Set([
  'spin',
  'never_settles',
  'half_open',
  'handshake_silent',
  'block',
]);

/** @param given.cheap leaves out what costs many seconds. */
export function makeTransportPlan(given: {
  readonly seed: number;
  readonly faults: number;
  readonly cheap?: boolean;
}): TransportPlan {
  const { seed, faults, cheap = false } = given;
  const random = new Random(seed ^ 0x7472616e);
  const used = shares.filter(([, { kind }]) => !cheap || !dear.has(kind));
  const parts: [number, Where | 'server' | 'server_kill'][] = [
    ...used.map(([share, where]): [number, Where] => [share, where]),
    [serverShare, 'server'],
    [cheap ? 0 : serverKillShare, 'server_kill'],
  ];
  const counts = split(
    faults,
    parts.map(([share]) => share),
  );
  const all = parts.flatMap(([, what], i) => Array.from({ length: counts[i] ?? 0 }, () => what));
  const module: ModuleFault[] = [];
  const socket: SocketFault[] = [];
  for (const what of all) {
    if (typeof what === 'string') continue;
    if (what.layer === 'module') module.push(what.kind);
    else socket.push(what.kind);
  }
  return {
    seed,
    module: shuffled(module, random),
    socket: shuffled(socket, random),
    server: all.filter((what) => what === 'server').length,
    serverKills: all.filter((what) => what === 'server_kill').length,
    faultSeed: random.between(1, 2 ** 31),
  };
}

/** Whole numbers in these proportions that add up: the largest remainders are rounded up. */
function split(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  const exact = shares.map((share) => (total * share) / sum);
  const counts = exact.map(Math.floor);
  const byRemainder = exact.map((part, i) => ({ i, rest: part % 1 })).sort((a, b) => b.rest - a.rest);
  const missing = total - counts.reduce((a, b) => a + b, 0);
  for (const { i } of byRemainder.slice(0, missing)) counts[i] = (counts[i] ?? 0) + 1;
  return counts;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((value) => ({ value, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
