import type { DeliveryAnswer } from '../batch.ts';
import { backOffMs, nextAttemptMs } from './back-off.ts';
import { afterDelivery, afterFailure, type BatchSize, learnLimit, startSize } from './batch-size.ts';
import { type HeldLine, heldDue, holdLine, neighboursPassed, refuseHeld, releaseHeld } from './held.ts';
import type { ForwardSettings } from './settings.ts';

/**
 * How a stream is drained, as a pure machine: `plan` says what to do now, `learn` takes what came of it. It sees no
 * clock (`now` is monotonic milliseconds) and no line.
 *
 * A refusal (400, 413) of a batch starts a search: the reason is among the first `span` lines, so half of them are
 * sent. What passes is done, what does not halves the span. A line that is refused alone is *held*: taken out of the
 * stream, which goes on behind it, and tried again alone. See `held.ts` for what must happen before it is quarantined.
 *
 * When even single lines are refused and nothing passes, the fault is the server's rather than theirs. Then lines go
 * one at a time, and only a few more are held after each back-off. The line that has been held longest is tried before
 * them: when the server has recovered, all of them go out in their order.
 */
export interface ForwardState {
  readonly size: BatchSize;
  /** Failures in a row. */
  readonly failures: number;
  /** Nothing is sent before. */
  readonly notBefore: number;
  /** When the last batch was started. */
  readonly lastStart: number;
  readonly paused: boolean;
  readonly search: Search | undefined;
  readonly held: readonly HeldLine[];
  /** Set while lines are refused alone and none passes: how many more may be held before the next back-off. */
  readonly cautious: number | undefined;
  /** The line that has been held longest without anything having passed since is to be tried before all others. */
  readonly oldestFirst: boolean;
  /** When the server last took lines of this stream. */
  readonly passedAt: number;
}

interface Search {
  /** The first so many lines of the stream hold the reason. */
  readonly span: number;
  /** Lines passed since the first refusal. */
  readonly passed: boolean;
  /** Bytes of the smallest body that was refused for its size. */
  readonly tooLarge: number | undefined;
}

/** What waits, as far as a decision needs it. */
export interface View {
  readonly now: number;
  readonly lines: number;
  readonly bytes: number;
  /** Somebody waits for everything to be sent: do not wait for the period. */
  readonly flushing: boolean;
}

export type Plan =
  /** `alone`: exactly one record, to know which one it was. */
  | { readonly kind: 'send'; readonly maxLines: number; readonly maxBytes: number; readonly alone: boolean }
  | { readonly kind: 'send_held'; readonly id: number }
  /** For ever if undefined: until a line, or a change, comes. */
  | { readonly kind: 'wait'; readonly ms: number | undefined };

export interface Answered {
  readonly answer: DeliveryAnswer;
  /** Lines in the request, 0 if none was made. */
  readonly lines: number;
  readonly bytes: number;
  readonly tookMs: number;
  readonly now: number;
  /** From 0 to 1. */
  readonly random: number;
  /** More was waiting than went into the batch. */
  readonly full: boolean;
  /** Not even all records of the batch went into the request. */
  readonly partial: boolean;
  readonly alone: boolean;
  /** There is room to set the line aside. Without, a refused line stays where it is. */
  readonly mayHold: boolean;
}

/** What becomes of what was sent. */
export type Verdict =
  | 'acknowledge'
  | 'keep'
  /** Take the line out of the stream, as the held line with the next id. */
  | 'hold';

/** While nothing passes, so many more lines are held after each back-off at most. */
const mostHeldPerRound = 16;

export function startState(
  settings: ForwardSettings,
  now: number,
  limitBytes?: number,
  held: readonly number[] = [],
): ForwardState {
  return {
    size: startSize(settings, limitBytes, now),
    failures: 0,
    notBefore: now,
    lastStart: Number.NEGATIVE_INFINITY,
    paused: false,
    search: undefined,
    held: held.map((id) => ({ id, provenAt: undefined, refusedAt: undefined, notBefore: now })),
    cautious: undefined,
    oldestFirst: held.length > 0,
    passedAt: Number.NEGATIVE_INFINITY,
  };
}

export function plan(state: ForwardState, view: View, settings: ForwardSettings): Plan {
  if (state.paused) return { kind: 'wait', ms: undefined };
  if (view.now < state.notBefore) return { kind: 'wait', ms: state.notBefore - view.now };
  const oldest = oldestFirst(state);
  if (oldest !== undefined) return { kind: 'send_held', id: oldest.id };
  const calm = isCalm(state);
  const due = heldDue(state.held, view.now, { calm, empty: view.lines === 0, passedAt: state.passedAt });
  if (due !== undefined) return { kind: 'send_held', id: due.id };
  const waits = state.held.map((line) => line.notBefore - view.now).filter((ms) => ms > 0);
  if (view.lines > 0) {
    const size = nextSize(state, settings);
    const ready =
      view.flushing ||
      !calm ||
      view.lines >= size.maxLines ||
      view.bytes >= size.maxBytes ||
      view.now >= state.lastStart + settings.periodMs;
    if (ready) return { kind: 'send', ...size };
    waits.push(state.lastStart + settings.periodMs - view.now);
  }
  return { kind: 'wait', ms: waits.length === 0 ? undefined : Math.min(...waits) };
}

/** Takes in the answer to what `plan` sent from the stream. `id`: the id that a line gets if it is held. */
export function learn(
  state: ForwardState,
  event: Answered,
  id: number,
  settings: ForwardSettings,
): { readonly state: ForwardState; readonly verdict: Verdict } {
  const lastStart = event.now - event.tookMs;
  switch (event.answer.kind) {
    case 'delivered':
      if (event.lines === 0) return { state, verdict: 'acknowledge' };
      return { state: passed({ ...state, lastStart }, event, settings), verdict: 'acknowledge' };
    case 'retry':
      return { state: failed({ ...state, lastStart }, event, settings), verdict: 'keep' };
    case 'too_large':
    case 'rejected':
      return refused({ ...state, lastStart }, event, id, settings);
  }
}

/** Takes in the answer to a held line that was sent alone. */
export function learnHeld(
  state: ForwardState,
  event: Answered,
  id: number,
  settings: ForwardSettings,
): { readonly state: ForwardState; readonly verdict: 'release' | 'keep' | 'quarantine' } {
  switch (event.answer.kind) {
    case 'delivered': {
      const held = releaseHeld(state.held, id);
      // It turned out empty: no request was made.
      const through = event.lines === 0 ? held : neighboursPassed(held, event.now);
      const oldestFirst = event.lines === 0 && state.oldestFirst;
      return {
        state: {
          ...state,
          failures: 0,
          cautious: undefined,
          oldestFirst,
          held: through,
          passedAt: event.now,
        },
        verdict: 'release',
      };
    }
    case 'retry':
      return { state: failed(state, event, settings), verdict: 'keep' };
    case 'too_large':
    case 'rejected': {
      const result = refuseHeld(state.held, id, event.now, backOffMs(1, settings), isCalm(state));
      const next = { ...state, held: result.held, oldestFirst: false };
      // Others get their turn in this round too.
      if (oldestFirst(state)?.id === id) return { state: next, verdict: 'keep' };
      if (result.verdict === 'unproven') return { state: failed(next, event, settings), verdict: 'keep' };
      return { state: next, verdict: result.verdict };
    }
  }
}

export function pause(state: ForwardState): ForwardState {
  return { ...state, paused: true };
}

/** Goes on at once: what was waited for has come. */
export function resume(state: ForwardState, now: number): ForwardState {
  return state.paused ? { ...state, paused: false, notBefore: now } : state;
}

/** Tries at once, once, whatever the back-off says. */
export function hurry(state: ForwardState, now: number): ForwardState {
  return { ...state, notBefore: Math.min(state.notBefore, now) };
}

function isCalm(state: ForwardState): boolean {
  return state.search === undefined && state.cautious === undefined && state.failures === 0;
}

/** The held line that is to be tried now, whatever else waits. */
function oldestFirst(state: ForwardState): HeldLine | undefined {
  return state.oldestFirst ? state.held.find((line) => line.provenAt === undefined) : undefined;
}

function nextSize(
  state: ForwardState,
  settings: ForwardSettings,
): { maxLines: number; maxBytes: number; alone: boolean } {
  const { size, search } = state;
  const maxBytes = Math.min(size.bytes, settings.maxBytes, size.limitBytes ?? Infinity);
  if (state.cautious !== undefined) return { maxLines: 1, maxBytes, alone: true };
  const most = Math.min(size.lines, settings.maxLines);
  if (search === undefined) return { maxLines: most, maxBytes, alone: false };
  const maxLines = Math.min(most, Math.ceil(search.span / 2));
  return { maxLines, maxBytes, alone: maxLines === 1 };
}

function passed(state: ForwardState, event: Answered, settings: ForwardSettings): ForwardState {
  const { search } = state;
  let { size } = state;
  if (search?.tooLarge !== undefined && event.bytes < search.tooLarge) {
    size = learnLimit(size, event.bytes, search.tooLarge, event.now);
  }
  const probing = search !== undefined || state.cautious !== undefined;
  if (!probing) size = afterDelivery(size, event, event.now, settings);
  // A smaller body passed: it was the size, and there is no line to be found.
  const span = search === undefined || search.tooLarge !== undefined ? 0 : search.span - event.lines;
  return {
    ...state,
    size,
    // What a smaller batch left behind was due with it.
    lastStart: probing || event.partial ? Number.NEGATIVE_INFINITY : state.lastStart,
    failures: 0,
    notBefore: event.now,
    cautious: undefined,
    oldestFirst: false,
    passedAt: event.now,
    search: search === undefined || span <= 0 ? undefined : { ...search, span, passed: true },
    held: neighboursPassed(state.held, event.now),
  };
}

function failed(state: ForwardState, event: Answered, settings: ForwardSettings): ForwardState {
  const failures = state.failures + 1;
  const afterMs = event.answer.kind === 'retry' ? event.answer.afterMs : undefined;
  return {
    ...state,
    failures,
    size: afterFailure(state.size, event.tookMs, settings),
    notBefore: event.now + nextAttemptMs(failures, afterMs, event.random, settings),
    cautious: state.cautious === undefined ? undefined : Math.min(mostHeldPerRound, 2 ** failures),
    oldestFirst: state.oldestFirst || state.cautious !== undefined,
  };
}

function refused(
  state: ForwardState,
  event: Answered,
  id: number,
  settings: ForwardSettings,
): { readonly state: ForwardState; readonly verdict: Verdict } {
  if (event.lines > 1 || !event.alone) {
    return { state: { ...state, search: narrow(state.search, event) }, verdict: 'keep' };
  }
  const proven = state.search?.passed === true;
  const room = event.mayHold;
  if (proven && room) {
    const held = holdLine(state.held, id, event.now, true, backOffMs(1, settings));
    const lastStart = Number.NEGATIVE_INFINITY;
    return { state: { ...state, held, lastStart, search: undefined, failures: 0 }, verdict: 'hold' };
  }
  const budget = state.cautious ?? 1;
  if (budget === 0 || !room) {
    return { state: failed({ ...state, cautious: 0, search: undefined }, event, settings), verdict: 'keep' };
  }
  const held = holdLine(state.held, id, event.now, false, backOffMs(1, settings));
  return { state: { ...state, held, search: undefined, cautious: budget - 1 }, verdict: 'hold' };
}

function narrow(search: Search | undefined, event: Answered): Search {
  const tooLarge =
    event.answer.kind === 'too_large'
      ? Math.min(search?.tooLarge ?? Infinity, event.bytes)
      : search?.tooLarge;
  // A single line in a batch of several records (the others were empty): ask for one record next.
  return { span: Math.max(1, event.lines), passed: search?.passed ?? false, tooLarge };
}
