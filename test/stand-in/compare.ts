import { pingTolerance, slower, statusToleranceMs, toleranceMs } from './exclusions.ts';
import { laneOf } from './lanes.ts';
import { masker } from './masks.ts';
import type { Outcome } from './scenario.ts';
import { type LiteMessage, readMessage, show, textEntries } from './thrift-lite.ts';
import type { Trace } from './trace.ts';

/** Where two texts part, with a little of what stands around. */
function difference(what: string, recorded: string, seen: string): string {
  let at = 0;
  while (at < recorded.length && recorded[at] === seen[at]) at++;
  const from = Math.max(0, at - 120);
  const part = (text: string) => `${from > 0 ? '…' : ''}${text.slice(from, at + 200)}`;
  return `${what}: recorded ${part(recorded)}\n    here     ${part(seen)}`;
}

/** What differs between the recorded core and the stand-in; empty when they agree. */
export function differences(trace: Trace, outcome: Outcome): string[] {
  const mask = masker(trace, outcome.directory);
  const seen = outcome.calls.map((call) => ({ ...call, thread: threadOf(call.lane) }));
  const recorded = outcome.recorded.map((call) => ({ ...call, thread: threadOf(call.lane) }));
  const threads = new Set([...seen, ...recorded].map(({ thread }) => thread));
  const found: string[] = [];
  const limits = { stopMs: stopOf(trace), toleranceMs: slower[trace.name]?.toleranceMs ?? toleranceMs };
  for (const thread of threads) {
    if (thread === 'ping' || thread === 'status' || thread === 'shutdown' || thread === 'columns') continue;
    const list = (calls: typeof seen) =>
      calls
        .filter((call) => call.thread === thread)
        .map(({ tMs, message }) => ({ tMs, text: mask(show(message.body)) }));
    found.push(...compareTimed(limits, thread, list(recorded), list(seen)));
  }
  found.push(
    ...compareTimed(
      { ...limits, toleranceMs: statusToleranceMs },
      'status',
      statusLines(recorded, mask),
      statusLines(seen, mask),
    ),
  );
  found.push(...compareColumns(recorded, seen));
  found.push(...compareReplies(outcome, mask));
  found.push(...compareProbes(outcome));
  found.push(...compareShutdown(trace, seen.filter(({ thread }) => thread === 'shutdown').length));
  found.push(...outcome.leftFiles.map((path) => `socket file not deleted: ${path}`));
  found.push(...compareLaunches(trace, outcome));
  if (outcome.exitCode !== trace.exitCode) {
    found.push(`exit code: recorded ${trace.exitCode}, here ${outcome.exitCode}`);
  }
  const isCut = trace.stderr.length >= 3900;
  found.push(...compareErrors(errorLines(mask(trace.stderr)), errorLines(mask(outcome.log)), isCut));
  return found;
}

/** Calls of one thread of core come in a certain order; threads do not wait for each other. */
function threadOf(lane: string): string {
  if (/^logger\/.*\/status$/.test(lane)) return 'status';
  if (lane.startsWith('table/')) return lane.endsWith('/columns') ? 'columns' : 'table';
  return lane.split('/')[0] ?? '';
}

interface Limits {
  readonly stopMs: number;
  readonly toleranceMs: number;
}

interface Timed {
  readonly tMs: number;
  readonly text: string;
}

function compareTimed(
  { stopMs, toleranceMs }: Limits,
  thread: string,
  recorded: readonly Timed[],
  seen: readonly Timed[],
): string[] {
  for (let i = 0; i < Math.max(recorded.length, seen.length); i++) {
    const [want, have] = [recorded[i], seen[i]];
    if (want === undefined || have === undefined) {
      const extra = want ?? have;
      // What was due in the last moment may have come or not.
      if (extra === undefined || extra.tMs > stopMs - toleranceMs) return [];
      return [`${thread} call ${i} only ${want === undefined ? 'here' : 'recorded'}: ${about(extra)}`];
    }
    if (want.text !== have.text) return [difference(`${thread} call ${i}`, about(want), about(have))];
    if (Math.abs(want.tMs - have.tMs) > toleranceMs) {
      return [
        `${thread} call ${i}: recorded at ${want.tMs} ms, here at ${have.tMs} ms: ${want.text.slice(0, 200)}`,
      ];
    }
  }
  return [];
}

function about(timed: Timed): string {
  return `${Math.round(timed.tMs)} ms ${timed.text}`;
}

/** When the recording was stopped, or osqueryd ended by itself. */
function stopOf(trace: Trace): number {
  const stop = trace.events.find(
    (event) => event.kind === 'note' && event.text.startsWith('driver: SIGTERM to osqueryd'),
  );
  return stop?.tMs ?? trace.events.at(-1)?.tMs ?? 0;
}

/** Status lines in the order in which they were sent; how they were put into batches is a matter of milliseconds. */
function statusLines(
  calls: readonly { readonly tMs: number; readonly lane: string; readonly message: LiteMessage }[],
  mask: (text: string) => string,
): Timed[] {
  return calls
    .filter(({ lane }) => threadOf(lane) === 'status')
    .flatMap(({ tMs, message }) =>
      textEntries(message.body.get(3)).flatMap(([key, log]) => (key === 'log' ? [{ tMs, log }] : [])),
    )
    .flatMap(({ tMs, log }) =>
      mask(log)
        .split(/(?<=\}),(?=\{"s")/)
        .map((line) => ({ tMs, text: line.replace(/^\[|\]$/g, '') })),
    );
}

/**
 * `columns` goes to every table of an extension, twice, in order of their names, whenever two queries meet. Whether the
 * queries of two threads meet is a matter of milliseconds; that they are asked so, and that it happens, is not.
 */
function compareColumns(
  recorded: readonly { readonly lane: string }[],
  seen: readonly { readonly lane: string }[],
) {
  const asked = (calls: readonly { readonly lane: string }[]) =>
    calls.filter(({ lane }) => threadOf(lane) === 'columns').map(({ lane }) => lane);
  const [want, have] = [asked(recorded), asked(seen)];
  const round = [...new Set(want)].sort().flatMap((name) => [name, name]);
  const [wanted, had] = [roundsOf(want, round), roundsOf(have, round)];
  // The recorded SQLite asked once more when it first met an alias.
  const more = wanted.others.length - had.others.length;
  const agree = (more === 0 || more === 1) && wanted.rounds > 0 === had.rounds > 0;
  return agree ? [] : [difference('columns', want.join(' '), have.join(' '))];
}

/** Complete rounds over all tables, and the calls in between. */
function roundsOf(lanes: readonly string[], round: readonly string[]) {
  const others: string[] = [];
  let rounds = 0;
  for (let i = 0; i < lanes.length; ) {
    if (round.every((lane, j) => lanes[i + j] === lane)) {
      rounds += 1;
      i += round.length;
    } else {
      others.push(lanes[i] ?? '');
      i += 1;
    }
  }
  return { rounds, others };
}

function compareReplies({ replies }: Outcome, mask: (text: string) => string): string[] {
  return replies.flatMap(({ tMs, recorded, seen }) => {
    const [want, have] = [replyText(recorded, mask), replyText(seen, mask)];
    return want === have ? [] : [difference(`reply at ${Math.round(tMs)} ms`, want, have)];
  });
}

function replyText(reply: Buffer | string, mask: (text: string) => string): string {
  if (typeof reply === 'string') return reply;
  const message = readMessage(reply);
  if (message === undefined) return 'no message';
  return mask(`${message.name} type ${message.type} seqid ${message.seqid} ${show(message.body)}`);
}

/** Every process got the recorded arguments, and there were as many. */
function compareLaunches(trace: Trace, { launches, directory }: Outcome): string[] {
  const processes = trace.events.filter(
    (event) => event.kind === 'note' && /^extension process \d+ started/.test(event.text),
  ).length;
  const recorded = Array.from({ length: processes }, () =>
    trace.argv.join(' ').replaceAll('$RUN', directory),
  );
  const seen = launches.map((launch) => launch.join(' '));
  return recorded.join('\n') === seen.join('\n')
    ? []
    : [difference('launches', recorded.join('; '), seen.join('; '))];
}

/** Every call is preceded by a ping on a connection of its own, and there are as many others as were recorded. */
function compareProbes({ recorded, calls }: Outcome): string[] {
  const others = (all: readonly { readonly lane: string }[]) =>
    all.filter(({ lane }) => lane === 'ping').length - all.filter(({ lane }) => lane.includes('/')).length;
  const [want, have] = [others(recorded), others(calls)];
  // The recording ends, and a process dies, in the midst of a period.
  return Math.abs(want - have) <= pingTolerance ? [] : [`pings beside calls: recorded ${want}, here ${have}`];
}

/** In one of five stops the recorded core deleted the socket before it could call `shutdown` (its own race). */
function compareShutdown(trace: Trace, seen: number): string[] {
  const recorded = trace.events.filter(
    (event) =>
      event.kind === 'data' &&
      event.from === 'core' &&
      event.socket === 'extension' &&
      laneOfBytes(event.bytes) === 'shutdown',
  ).length;
  const mayRace = recorded === 0 && !trace.flags.includes('--disable_watchdog=true');
  return seen === recorded || (mayRace && seen === 1)
    ? []
    : [`shutdown(): recorded ${recorded}, here ${seen}`];
}

function laneOfBytes(bytes: Buffer): string {
  const message = readMessage(bytes);
  return message === undefined ? '' : laneOf(message);
}

/** Errors and warnings of osqueryd's own log. The recording keeps only the end of it. */
function compareErrors(recorded: readonly string[], seen: readonly string[], isCut: boolean): string[] {
  const part = isCut ? seen.slice(Math.max(0, seen.length - recorded.length)) : seen;
  return recorded.join('\n') === part.join('\n')
    ? []
    : [difference('log', recorded.join('\n    '), part.join('\n    '))];
}

/** Lines that came twice in a row count once: whether a loop made another step before it stopped is a race. */
function errorLines(log: string): string[] {
  return (
    log
      .split('\n')
      .filter((line) => /^[WE]\d{4} /.test(line))
      // A call that was under way when the daemon was stopped.
      .filter((line) => !line.includes('connect() failed'))
      .map((line) => line.replace(/^(.).*? (\w+\.cpp:\d+\])/, '$1 $2'))
      .filter((line, i, all) => line !== all[i - 1])
  );
}
