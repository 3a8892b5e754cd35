import { type LiteMessage, textEntries, textField } from './thrift-lite.ts';
import type { Trace } from './trace.ts';

/** What the recorded extension did with one call of core. */
export interface RecordedAnswer {
  /** Milliseconds from the call to each piece of the answer. */
  readonly pieces: readonly { readonly afterMs: number; readonly bytes: Buffer }[];
  /** Milliseconds from the call to the moment when the extension closed; `undefined` when core did. */
  readonly closedAfterMs: number | undefined;
}

/** A call of core as the recorded extension saw it. */
export interface RecordedCall {
  readonly tMs: number;
  readonly lane: string;
  readonly message: LiteMessage;
  readonly answer: RecordedAnswer;
}

/** Keys that tell calls into a logger apart. */
const loggerKeys = ['string', 'string_batch', 'snapshot', 'init', 'status', 'event'];

/** Calls of one lane are made one after the other by one part of core, so that their order is certain. */
export function laneOf(message: LiteMessage): string {
  if (message.name !== 'call') return message.name;
  const registry = textField(message.body, 1);
  const item = textField(message.body, 2);
  const request = new Map(textEntries(message.body.get(3)));
  const what = request.get('action') ?? loggerKeys.find((key) => request.has(key)) ?? '';
  return [registry, item, what].join('/');
}

/** All calls that core made into the extension, in the order in which they arrived. */
export function recordedCalls(
  trace: Trace,
  read: (bytes: Buffer) => LiteMessage | undefined,
): RecordedCall[] {
  const calls: RecordedCall[] = [];
  for (const [at, event] of trace.events.entries()) {
    if (event.kind !== 'data' || event.socket !== 'extension' || event.from !== 'core') continue;
    const message = read(event.bytes);
    if (message === undefined) continue;
    const rest = trace.events.slice(at + 1).filter((other) => 'conn' in other && other.conn === event.conn);
    const pieces = rest.flatMap((other) =>
      other.kind === 'data' && other.from === 'extension'
        ? [{ afterMs: other.tMs - event.tMs, bytes: other.bytes }]
        : [],
    );
    const close = rest.find((other) => other.kind === 'close');
    const closedAfterMs =
      close?.kind === 'close' && close.from === 'extension' ? close.tMs - event.tMs : undefined;
    calls.push({ tMs: event.tMs, lane: laneOf(message), message, answer: { pieces, closedAfterMs } });
  }
  return calls;
}
