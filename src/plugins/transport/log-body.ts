import type { Batch, BatchRecord, LinePosition, UnfitLine } from '../outbox/index.ts';
import { isJson } from './json-scan.ts';
import { type LineHook, type Passed, passLine } from './line-hook.ts';
import { NumberRanges } from './numbers.ts';
import type { RowWriter } from './row-lines.ts';
import { statusLines } from './status-lines.ts';

/** The body of one log request, and what of the batch it holds. */
export interface LogBody {
  readonly bytes: Buffer;
  readonly lines: number;
  /** Lines that the hook dropped. */
  readonly dropped: number;
  /** The numbers of its lines, for the header of the same name. */
  readonly numbers: string;
  /** The first line that is not part of it. */
  readonly next: LinePosition;
  readonly unfit: readonly UnfitLine[];
}

export interface LogBodyOptions {
  readonly nodeKey: string;
  /** `tls_node_api`, `logger_tls_compress`: with either of them osquery writes the node key first. */
  readonly nodeApi: boolean;
  readonly compress: boolean;
  readonly maxLineBytes: number;
  readonly osqueryVersion: string;
  readonly rowWriter: RowWriter;
  /** Decides what of a line leaves the host. */
  readonly line?: LineHook | undefined;
}

/** One line of a record, with its row; `invalid` says why it cannot be sent. */
export interface RecordLine {
  readonly row: number;
  readonly bytes: Uint8Array;
  readonly invalid?: string;
}

/** A header with the numbers of all lines must leave room in the 8 KiB that many servers take for a whole head. */
const maxNumbersChars = 6_000;

const comma = Buffer.from(',');

/**
 * Writes the lines of a batch, in order, until one of its limits is reached, but at least one line. Member order is
 * osquery's.
 */
export function logBody(batch: Batch, options: LogBodyOptions): LogBody {
  const key = `"node_key":${JSON.stringify(options.nodeKey)}`;
  const type = `"log_type":${JSON.stringify(batch.stream)}`;
  const keyFirst = options.nodeApi || options.compress;
  const head = Buffer.from(keyFirst ? `{${key},${type},"data":[` : '{"data":[');
  const tail = Buffer.from(keyFirst ? ']}' : `],${type},${key}}`);
  const parts: Uint8Array[] = [];
  const unfit: UnfitLine[] = [];
  const numbers = new NumberRanges();
  let bytes = head.length + tail.length;
  let lines = 0;
  let dropped = 0;

  const finish = (next: LinePosition): LogBody => ({
    bytes: Buffer.concat([head, ...parts, tail]),
    lines,
    dropped,
    numbers: numbers.toString(),
    next,
    unfit,
  });

  for (const [index, record] of batch.records.entries()) {
    for (const line of linesOf(record, index === 0 ? batch.firstRow : 0, batch.writer, options)) {
      const position = { record: record.number, row: line.row };
      const made = madeOf(line, batch.stream, options);
      if (made.kind === 'drop') {
        dropped++;
        continue;
      }
      if (made.kind === 'fault') {
        unfit.push({ ...position, reason: made.reason, bytes: line.bytes });
        continue;
      }
      const size = made.bytes.length + (lines > 0 ? 1 : 0);
      const full =
        lines >= batch.maxLines || bytes + size > batch.maxBytes || numbers.length > maxNumbersChars;
      if (lines > 0 && full) return finish(position);
      if (lines > 0) parts.push(comma);
      parts.push(made.bytes);
      numbers.add(position);
      bytes += size;
      lines++;
    }
  }
  return finish({ record: (batch.records.at(-1)?.number ?? 0) + 1, row: 0 });
}

/** The lines of one record from row `firstRow` on. */
function linesOf(
  record: BatchRecord,
  firstRow: number,
  writer: string,
  { rowWriter, osqueryVersion }: LogBodyOptions,
): Iterable<RecordLine> {
  switch (record.kind) {
    case 'statuses':
      return statusLines(record.bytes, firstRow, osqueryVersion);
    case 'rows':
      return (
        rowWriter.lines(record.bytes, firstRow, `${writer} ${record.number}`) ??
        (firstRow > 0 ? [] : [oneLine(record.bytes)])
      );
    default:
      return firstRow > 0 ? [] : [oneLine(record.bytes)];
  }
}

/** A record that is one line already. */
export function oneLine(bytes: Uint8Array): RecordLine {
  return isJson(bytes) ? { row: 0, bytes } : { row: 0, bytes, invalid: 'not JSON' };
}

/** What becomes of a line: the hook sees what is JSON, and the limit holds for what it made. */
function madeOf(
  line: RecordLine,
  stream: Batch['stream'],
  { line: hook, maxLineBytes }: LogBodyOptions,
): Passed {
  if (line.invalid !== undefined) return { kind: 'fault', reason: line.invalid };
  const passed: Passed =
    hook === undefined || stream === 'distributed'
      ? { kind: 'send', bytes: line.bytes }
      : passLine(hook, line.bytes, stream);
  const reason = passed.kind === 'send' ? tooLong(passed.bytes, maxLineBytes) : undefined;
  return reason === undefined ? passed : { kind: 'fault', reason };
}

function tooLong(bytes: Uint8Array, maxLineBytes: number): string | undefined {
  if (bytes.length <= maxLineBytes) return undefined;
  return `longer than logger_tls_max_linesize: ${bytes.length} bytes`;
}
