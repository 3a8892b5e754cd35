import { dedupeHeaders } from '../../api.ts';
import { RemoteError } from './error.ts';
import { elementsOf, membersOf, spells } from './json-scan.ts';
import type { LineObject, LineStream } from './line-hook.ts';
import type { AttemptRequest } from './middleware.ts';
import { eachNumber } from './numbers.ts';

/** One line of a log request. */
export interface SentLine {
  /** The same in every attempt, and never used for another line of this host: for dropping repeats. */
  readonly id: string;
  readonly stream: LineStream;
  /** JSON text. */
  readonly bytes: Uint8Array;
  json(): LineObject;
}

/**
 * The lines in the body of a log request, for those who send them by other means. They are cut out, not parsed.
 * @throws {RemoteError} `internal` if the body is not as it was made
 */
export function linesOf({ body, headers }: AttemptRequest<'log'>): SentLine[] {
  const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? new Uint8Array(0));
  const data = membersOf(bytes)?.find(({ key }) => spells(bytes, key, '"data"'));
  const spans = data && elementsOf(bytes, data.value.start);
  if (spans === undefined) throw new RemoteError('internal', 'the body of the log request holds no lines');
  const writer = headers.get(dedupeHeaders.writer) ?? '';
  const stream = headers.get(dedupeHeaders.stream) === 'status' ? 'status' : 'result';
  const numbers = eachNumber(headers.get(dedupeHeaders.numbers) ?? '');
  return spans.map(({ start, end }) => {
    const line = bytes.subarray(start, end);
    const { value } = numbers.next();
    return {
      id: value === undefined ? '' : `${writer}.${stream}.${value.record}.${value.row}`,
      stream,
      bytes: line,
      json: (): LineObject => JSON.parse(Buffer.from(line).toString()),
    };
  });
}
