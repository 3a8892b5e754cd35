import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';

/** A line of a trace. Times are milliseconds since the recording began. */
export type TraceEvent =
  | {
      readonly kind: 'open';
      readonly tMs: number;
      readonly conn: number;
      readonly socket: Side;
      readonly process: number;
    }
  | {
      readonly kind: 'data';
      readonly tMs: number;
      readonly conn: number;
      readonly socket: Side;
      readonly process: number;
      readonly from: 'core' | 'extension';
      readonly bytes: Buffer;
      /** Bytes that are not one well-formed message, on purpose. */
      readonly partial: boolean;
    }
  | {
      readonly kind: 'close';
      readonly tMs: number;
      readonly conn: number;
      readonly socket: Side;
      readonly process: number;
      readonly from: 'core' | 'extension';
    }
  | { readonly kind: 'note'; readonly tMs: number; readonly process: number; readonly text: string }
  | { readonly kind: 'exit'; readonly tMs: number; readonly code: number | null; readonly stderr: string };

export type Side = 'manager' | 'extension';

export interface Trace {
  readonly name: string;
  readonly flags: readonly string[];
  /** Arguments of the extension, its path first. */
  readonly argv: readonly string[];
  readonly version: string;
  readonly build: string;
  readonly events: readonly TraceEvent[];
  /** What osqueryd ended with; `null` when it was killed. */
  readonly exitCode: number | null;
  readonly stderr: string;
  /** Wall-clock milliseconds at time 0 of the trace. */
  readonly startMs: number;
}

const directory = fileURLToPath(new URL('../traces', import.meta.url));

/** The names of all traces of the extension protocol. */
export function traceNames(): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.ndjson') && !file.startsWith('http-'))
    .map((file) => file.slice(0, -'.ndjson'.length))
    .sort();
}

export function readTrace(name: string): Trace {
  const [header = '', ...lines] = readFileSync(`${directory}/${name}.ndjson`, 'utf8').trimEnd().split('\n');
  const { flags, argv, osquery_version: version, build, date } = JSON.parse(header);
  const events = lines.flatMap((line) => readEvent(JSON.parse(line)));
  const exit = events.findLast((event) => event.kind === 'exit');
  const stderr = exit?.kind === 'exit' ? exit.stderr : '';
  const exitCode = exit?.kind === 'exit' ? exit.code : null;
  return {
    name,
    flags,
    argv,
    version,
    build,
    events,
    exitCode,
    stderr,
    startMs: startOf(events, stderr, date),
  };
}

/** A line of the file, before it is known what it holds. */
interface RawEvent {
  readonly t_us: number;
  readonly event: string;
  readonly conn?: number;
  readonly socket?: Side;
  readonly from?: 'core' | 'extension';
  readonly ext_process?: number;
  readonly bytes_b64?: string;
  readonly bytes_zlib_b64?: string;
  readonly partial?: boolean;
  readonly text?: string;
  readonly code?: number | null;
  readonly stderr_tail?: string;
  readonly error?: string;
}

function readEvent(raw: RawEvent): TraceEvent[] {
  const tMs = raw.t_us / 1000;
  const place = {
    tMs,
    conn: raw.conn ?? 0,
    socket: raw.socket ?? 'manager',
    process: raw.ext_process ?? 1,
  };
  const from = raw.from ?? 'core';
  switch (raw.event) {
    case 'open':
      return [{ kind: 'open', ...place }];
    case 'data': {
      const bytes =
        raw.bytes_zlib_b64 !== undefined
          ? inflateSync(Buffer.from(raw.bytes_zlib_b64, 'base64'))
          : Buffer.from(raw.bytes_b64 ?? '', 'base64');
      return [{ kind: 'data', ...place, from, bytes, partial: raw.partial === true }];
    }
    case 'close':
      // The recorder gave up: it was not core that closed.
      return [{ kind: 'close', ...place, from: raw.error === 'TimeoutError' ? 'extension' : from }];
    case 'note':
      return [{ kind: 'note', tMs, process: place.process, text: raw.text ?? '' }];
    case 'exit':
      return [{ kind: 'exit', tMs, code: raw.code ?? null, stderr: raw.stderr_tail ?? '' }];
    default:
      return [];
  }
}

/**
 * The wall clock at time 0: a line of osqueryd's own log carries a time of day, and the trace says when the same thing
 * was seen from outside.
 */
function startOf(events: readonly TraceEvent[], stderr: string, date: string): number {
  const anchors: [pattern: RegExp, find: (event: TraceEvent) => boolean][] = [
    [
      /^I(\d{4} [\d:.]+) .*interface\.cpp:137\]/m,
      (event) => event.kind === 'data' && event.from === 'core' && event.bytes.includes('registerExtension'),
    ],
    [
      /^I(\d{4} [\d:.]+) .*requesting a stop/m,
      (event) => event.kind === 'note' && event.text.startsWith('driver: SIGTERM'),
    ],
    [
      /^I(\d{4} [\d:.]+) .*database\.cpp:655\]/m,
      (event) => event.kind === 'note' && event.text.includes('started'),
    ],
  ];
  for (const [pattern, find] of anchors) {
    const time = pattern.exec(stderr)?.[1];
    const event = events.find(find);
    if (time === undefined || event === undefined) continue;
    const [day = '', clock = ''] = time.split(' ');
    const year = date.slice(0, 4);
    return Date.parse(`${year}-${day.slice(0, 2)}-${day.slice(2)}T${clock.slice(0, 12)}Z`) - event.tMs;
  }
  return Date.parse(date) - (events.at(-1)?.tMs ?? 0);
}
