import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { type ByteString, toBytes } from '../../src/testing/osqueryd/engine/index.ts';

/** Request or row of a recorded call, as bytes. */
export type RecordedRow = ReadonlyMap<ByteString, ByteString>;

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
  readonly bytes_b64?: string;
  readonly bytes_zlib_b64?: string;
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

/** Long texts are named by length and hash only; they are found in the bytes of the message. */
type Text = string | { readonly $b64: string } | { readonly $len: number; readonly $sha256: string };
type Fields = Readonly<Record<string, Text>>;

/** The command line flags of a recorded run, without `--`. */
export function recordedFlags(scenario: string): ReadonlyMap<string, string> {
  return new Map(
    header(scenario).flags.map((flag) => {
      const [name = '', ...value] = flag.replace(/^--/, '').split('=');
      return [name, value.join('=') || 'true'];
    }),
  );
}

/** The version of the recorded osqueryd. */
export function recordedVersion(scenario: string): string {
  return header(scenario).osquery_version;
}

/** All calls of a recorded run in the order in which they were made; one without an answer counts as failed. */
export function recordedCalls(scenario: string): RecordedCall[] {
  const events = linesOf(scenario)
    .slice(1)
    .map((line) => JSON.parse(line) as Line);
  const calls: RecordedCall[] = [];
  for (const [i, line] of events.entries()) {
    const { event, decoded, conn, from, t_us: microseconds } = line;
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
      sql: text(decoded.args?.sql, line),
      registry: decoded.args?.registry ?? '',
      item: text(decoded.args?.item, line),
      request: fields(decoded.args?.request ?? {}, line),
      code: reply?.result?.status?.code ?? reply?.result?.code ?? 1,
      message: messageOf(answer),
      rows: isList(response) ? response.map((row) => fields(row, answer)) : undefined,
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

/** The message as core sees it. */
function messageOf(answer: Line | undefined): ByteString {
  if (answer === undefined) return 'Extension call failed: No more data to read.';
  const { exception, result } = answer.decoded ?? {};
  if (exception !== undefined) return toBytes(`Extension call failed: ${exception.message}`);
  return text(result?.status?.message, answer);
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

function header(scenario: string) {
  return JSON.parse(linesOf(scenario)[0] ?? '{}') as {
    readonly flags: readonly string[];
    readonly osquery_version: string;
  };
}

function fields(record: Fields, line: Line | undefined): RecordedRow {
  return new Map(
    Object.entries(record).map(([name, value]) => [
      name.startsWith('$b64:') ? latin1(name.slice(5)) : toBytes(name),
      text(value, line),
    ]),
  );
}

function text(value: Text | undefined, line: Line | undefined): ByteString {
  if (value === undefined) return '';
  if (typeof value === 'string') return toBytes(value);
  if ('$b64' in value) return latin1(value.$b64);
  const message = bytesOf(line);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.$len);
  for (let at = message.indexOf(length); at !== -1; at = message.indexOf(length, at + 1)) {
    const found = message.subarray(at + 4, at + 4 + value.$len);
    if (createHash('sha256').update(found).digest('hex') === value.$sha256) return found.toString('latin1');
  }
  throw new Error('the message does not hold the text that its trace names');
}

function bytesOf(line: Line | undefined): Buffer {
  if (line?.bytes_zlib_b64 !== undefined) return inflateSync(Buffer.from(line.bytes_zlib_b64, 'base64'));
  return Buffer.from(line?.bytes_b64 ?? '', 'base64');
}

function latin1(base64: string): ByteString {
  return Buffer.from(base64, 'base64').toString('latin1');
}
