import { dedupeHeaders } from '../../src/api.ts';
import type { Endpoint, Fault, InterceptedRequest } from '../../src/server/index.ts';
import { poisonMark } from './lines.ts';
import type { Random } from './random.ts';

/** Part of the requests to which something happens. */
const faultyPart = 0.25;

const json = { 'content-type': 'application/json' };
const html = { 'content-type': 'text/html' };

/** What goes wrong with any request. A hang costs as long as a client waits, so it is rare. */
const faults: readonly (readonly [number, Fault])[] = [
  [6, { status: 500, headers: html, body: '<html>internal error</html>' }],
  [4, { status: 502 }],
  [4, { status: 503, headers: { ...json, 'retry-after': '1' }, body: '{"error":"busy"}' }],
  [2, { status: 429, headers: { ...json, 'retry-after': '1' }, body: '{}' }],
  [2, { status: 200, headers: html, body: '<html>please log in to this network</html>' }],
  [2, { status: 200, body: '{"error":"try again"}' }],
  [8, 'reset'],
  [14, 'reset_after'],
  [4, { status: 500, body: '{"error":"too late"}', afterProcessing: true }],
  [4, { status: 504, afterProcessing: true }],
  [0.3, 'hang'],
  [0.3, 'hang_after'],
];

const nodeInvalid: readonly (readonly [number, Fault])[] = [
  [1, { status: 200, body: '{"node_invalid":true}' }],
  [1, { status: 401, body: '{"node_invalid":true}' }],
];

/** What a server with a size limit says; never to a single line, which would be about the line itself. */
const tooLarge: Fault = { status: 413, body: '{"error":"too large"}' };

const poisoned: Fault = { status: 400, body: '{"error":"a line that no parser takes"}' };

/** Chooses what happens to the requests of one life of the server. */
export class Faults {
  /** Nothing goes wrong by chance any more, but a line with the mark of poison is refused all the same. */
  calm: boolean;
  readonly #random: Random;
  readonly #onFault: (what: string) => void;
  #refusals: number;
  #left: number;

  /**
   * @param given.refusals how many times at most a valid node key is refused. A client that is refused again and again waits
   * longer each time before it enrolls, and rightly so: with many of them a run would measure nothing else.
   * @param given.most how many faults there are by chance.
   * @param given.onFault told of each of these.
   */
  constructor(
    random: Random,
    given: {
      readonly refusals: number;
      readonly calm: boolean;
      readonly most: number;
      readonly onFault: (what: string) => void;
    },
  ) {
    this.#random = random;
    this.#refusals = given.refusals;
    this.calm = given.calm;
    this.#left = given.most;
    this.#onFault = given.onFault;
  }

  for(endpoint: Endpoint, request: InterceptedRequest): Fault | undefined {
    if (endpoint === 'log' && Buffer.from(request.body).includes(poisonMark)) return poisoned;
    const fault = this.#byChance(endpoint, request);
    if (fault === undefined) return undefined;
    this.#left--;
    this.#onFault(nameOf(fault));
    return fault;
  }

  #byChance(endpoint: Endpoint, request: InterceptedRequest): Fault | undefined {
    const random = this.#random;
    if (this.calm || this.#left <= 0 || random.next() >= faultyPart) return undefined;
    if (endpoint !== 'enroll' && this.#refusals > 0 && random.next() < 0.05) {
      this.#refusals--;
      return random.pick(nodeInvalid);
    }
    if (endpoint === 'log' && linesOf(request) > 50 && random.next() < 0.1) return tooLarge;
    return random.pick(faults);
  }
}

function nameOf(fault: Fault): string {
  if (typeof fault === 'string') return fault;
  return `status ${fault.status ?? 200}${fault.afterProcessing ? ' too late' : ''}`;
}

/** How many lines a request says to hold: the ranges in its header, where a client sends it. */
function linesOf({ headers }: InterceptedRequest): number {
  const ranges = headers[dedupeHeaders.numbers];
  if (typeof ranges !== 'string') return 0;
  return ranges.split(',').reduce((sum, range) => {
    const [from = 0, to = from] = range
      .split('-')
      .map((end) => Number(end.split('.')[1] ?? end.split('.')[0]));
    return sum + to - from + 1;
  }, 0);
}
