import { Extension_call_args, Extension_call_result } from '#thrift';
import { decodeMessage, type Message, MessageScanner } from '../../../src/extension/wire/index.ts';
import { type Trace, type TraceEvent, traceNames } from '../../stand-in/trace.ts';

export type Row = Map<string, Buffer>;

/** A call of core to the recorded extension, with what that answered. */
export interface RecordedExchange {
  readonly method: string;
  /** The call, in all its bytes. */
  readonly bytes: Buffer;
  readonly registry: string;
  readonly item: string;
  readonly request: Row;
  readonly answer: RecordedAnswer;
}

export type RecordedAnswer =
  | {
      readonly kind: 'reply';
      readonly bytes: Buffer;
      readonly code: number;
      readonly message: string;
      readonly rows: readonly Row[];
    }
  /** What no plugin of ours would answer. */
  | { readonly kind: 'none' | 'exception' | 'broken'; readonly bytes: Buffer };

type Data = Extract<TraceEvent, { kind: 'data' }>;

/** The names of the traces that hold anything at all. */
export function tracesWithBytes(): string[] {
  // osqueryd ended before the extension was up.
  return traceNames().filter((name) => name !== 'failure-late-registration');
}

/** What core called, in order. */
export function exchangesOf(trace: Trace): RecordedExchange[] {
  const data = trace.events.filter(
    (event) => event.kind === 'data' && event.socket === 'extension',
  ) as Data[];
  return data.flatMap((event, at) => {
    if (event.from !== 'core') return [];
    const answers: Data[] = [];
    for (const other of data.slice(at + 1)) {
      if (other.conn !== event.conn || other.process !== event.process) continue;
      if (other.from === 'core') break;
      answers.push(other);
    }
    const { name, body } = decodeMessage(event.bytes);
    const args = new Extension_call_args();
    if (name === 'call') args.read(body);
    return [
      {
        method: name,
        bytes: event.bytes,
        registry: args.registry ?? '',
        item: args.item ?? '',
        request: (args.request ?? new Map()) as Row,
        answer: answerOf(name, answers),
      },
    ];
  });
}

function answerOf(method: string, pieces: readonly Data[]): RecordedAnswer {
  const [first] = pieces;
  const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
  if (first === undefined) return { kind: 'none', bytes };
  const message = pieces.length === 1 && !first.partial ? wholeMessage(bytes) : undefined;
  if (message?.type === 'exception') return { kind: 'exception', bytes };
  const proper =
    message?.type === 'reply' && message.name === method && message.seqid === 0 && message.strict;
  if (!proper) return { kind: 'broken', bytes };
  if (method !== 'call') return { kind: 'reply', bytes, code: 0, message: '', rows: [] };
  const result = new Extension_call_result();
  result.read(message.body);
  const { status, response } = result.success ?? {};
  const code = status?.code;
  // Written by hand in the recording: fields left out, or of another type.
  if (typeof code !== 'number' || typeof status?.uuid !== 'number') return { kind: 'broken', bytes };
  return { kind: 'reply', bytes, code, message: status?.message ?? '', rows: (response ?? []) as Row[] };
}

function wholeMessage(bytes: Buffer): Message | undefined {
  const scanner = new MessageScanner();
  scanner.push(bytes);
  const whole = scanner.take();
  return whole !== undefined && !scanner.pending ? decodeMessage(whole) : undefined;
}
