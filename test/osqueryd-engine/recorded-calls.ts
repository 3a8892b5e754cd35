import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteString, toBytes } from '../../src/testing/osqueryd/engine/index.ts';

/** Text of a trace too long to be there: its length and hash are. */
export interface Elided {
  readonly $len: number;
  readonly $sha256: string;
}

/** Request or row of a recorded call, as bytes. */
export type RecordedRow = ReadonlyMap<ByteString, ByteString | Elided>;

/** One recorded call with its answer. */
export interface RecordedCall {
  /** When it was made, and when it was answered. */
  readonly seconds: number;
  readonly answeredAt: number;
  readonly from: 'core' | 'extension';
  readonly method: string;
  /** Arguments of `query`, `getQueryColumns`. */
  readonly sql: ByteString;
  readonly registry: string;
  readonly item: ByteString;
  readonly request: RecordedRow;
  readonly code: number;
  readonly message: ByteString;
  /** undefined when the trace does not hold all rows. */
  readonly rows: readonly RecordedRow[] | undefined;
}

interface Line {
  readonly t_us: number;
  readonly event: string;
  readonly conn: number;
  readonly from: 'core' | 'extension';
  readonly decoded?: {
    readonly method: string;
    readonly kind: string;
    readonly args?: {
      readonly sql?: Text;
      readonly registry?: string;
      readonly item?: Text;
      readonly request?: Fields;
    };
    readonly result?: {
      readonly code?: number;
      readonly status?: { readonly code: number; readonly message: Text };
      readonly response?: readonly Fields[] | { readonly $rows: number };
    };
    readonly exception?: { readonly message: string };
  };
}

type Text = string | { readonly $b64: string } | Elided;
type Fields = Readonly<Record<string, Text>>;

/** The command line flags of a recorded run, without `--`. */
export function recordedFlags(scenario: string): ReadonlyMap<string, string> {
  const header = JSON.parse(linesOf(scenario)[0] ?? '{}') as { readonly flags: readonly string[] };
  return new Map(
    header.flags.map((flag) => {
      const [name = '', ...value] = flag.replace(/^--/, '').split('=');
      return [name, value.join('=') || 'true'];
    }),
  );
}

/** All calls of a recorded run in the order in which they were made; one without an answer counts as failed. */
export function recordedCalls(scenario: string): RecordedCall[] {
  const events = linesOf(scenario)
    .slice(1)
    .map((line) => JSON.parse(line) as Line);
  const calls: RecordedCall[] = [];
  for (const [i, { event, decoded, conn, from, t_us: microseconds }] of events.entries()) {
    if (event !== 'data' || decoded?.kind !== 'call') continue;
    const answer = events
      .slice(i + 1)
      .find((other) => other.conn === conn && other.from !== from && other.decoded !== undefined);
    const reply = answer?.decoded;
    const response = reply?.result?.response ?? [];
    calls.push({
      seconds: microseconds / 1e6,
      answeredAt: (answer?.t_us ?? microseconds) / 1e6,
      from,
      method: decoded.method,
      sql: fullText(decoded.args?.sql),
      registry: decoded.args?.registry ?? '',
      item: fullText(decoded.args?.item),
      request: fields(decoded.args?.request ?? {}),
      code: reply?.result?.status?.code ?? reply?.result?.code ?? 1,
      message: messageOf(reply),
      rows: isList(response) ? response.map(fields) : undefined,
    });
  }
  return calls;
}

/** Calls of core into the plugin of one registry. */
export function pluginCalls(scenario: string, registry: string): RecordedCall[] {
  return recordedCalls(scenario).filter(
    (call) => call.from === 'core' && call.method === 'call' && call.registry === registry,
  );
}

/** A text that the trace holds in full. */
export function whole(text: ByteString | Elided | undefined): ByteString {
  if (typeof text !== 'string') throw new Error('the trace does not hold this text');
  return text;
}

/** The form in which long texts are compared: what the trace has of them. */
export function asRecorded(text: ByteString, recorded: ByteString | Elided | undefined): ByteString | Elided {
  if (typeof recorded === 'string' || recorded === undefined) return text;
  const hash = createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex');
  return { $len: text.length, $sha256: hash };
}

/** The message as core sees it. */
function messageOf(reply: Line['decoded']): ByteString {
  if (reply === undefined) return 'Extension call failed: No more data to read.';
  if (reply.exception !== undefined) return toBytes(`Extension call failed: ${reply.exception.message}`);
  return fullText(reply.result?.status?.message);
}

function linesOf(scenario: string): string[] {
  const path = join(import.meta.dirname, '..', 'traces', `${scenario}.ndjson`);
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function isList(response: readonly Fields[] | { readonly $rows: number }): response is readonly Fields[] {
  return Array.isArray(response);
}

function fields(record: Fields): RecordedRow {
  return new Map(
    Object.entries(record).map(([name, value]) => [
      name.startsWith('$b64:') ? latin1(name.slice(5)) : toBytes(name),
      text(value),
    ]),
  );
}

function text(value: Text): ByteString | Elided {
  if (typeof value === 'string') return toBytes(value);
  if ('$b64' in value) return latin1(value.$b64);
  return { $len: value.$len, $sha256: value.$sha256 };
}

function fullText(value: Text | undefined): ByteString {
  return value === undefined ? '' : whole(text(value));
}

function latin1(base64: string): ByteString {
  return Buffer.from(base64, 'base64').toString('latin1');
}
