import type { IncomingHttpHeaders } from 'node:http';
import { dedupeHeaders } from '../../api.ts';
import { countLines, LineNumbersError, type LineRange, parseLineNumbers } from './line-numbers.ts';

/** Headers for the dropping of repeats that contradict themselves or the body. The message says how. */
export class DedupeHeadersError extends Error {
  override readonly name = 'DedupeHeadersError';
}

export interface LineNumbers {
  readonly writer: string;
  readonly ranges: readonly LineRange[];
}

/** A random id; the characters that it may have keep it apart from what stands beside it in a database key. */
const writerSyntax = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Reads the headers by which a client numbers its lines.
 * @returns `undefined` when there are none: then every line is taken.
 * @throws {DedupeHeadersError} To guess would lose or double lines, so the request is refused as a whole.
 */
export function readDedupeHeaders(
  headers: IncomingHttpHeaders,
  stream: string,
  lines: number,
): LineNumbers | undefined {
  const writer = headers[dedupeHeaders.writer];
  const given = headers[dedupeHeaders.stream];
  const numbers = headers[dedupeHeaders.numbers];
  if (writer === undefined && given === undefined && numbers === undefined) return undefined;
  if (typeof writer !== 'string' || typeof given !== 'string' || typeof numbers !== 'string') {
    throw new DedupeHeadersError(
      `${dedupeHeaders.writer}, ${dedupeHeaders.stream} and ${dedupeHeaders.numbers} go together, each once`,
    );
  }
  if (!writerSyntax.test(writer)) {
    throw new DedupeHeadersError(
      `${dedupeHeaders.writer} must be 1 to 128 letters, digits, dots, dashes or underscores`,
    );
  }
  if (given !== stream) {
    throw new DedupeHeadersError(`${dedupeHeaders.stream} must be "${stream}", as the log_type of the body`);
  }
  const ranges = readRanges(numbers);
  const counted = countLines(ranges);
  if (counted !== lines) {
    throw new DedupeHeadersError(`${dedupeHeaders.numbers} lists ${counted} lines, the body holds ${lines}`);
  }
  return { writer, ranges };
}

function readRanges(numbers: string): LineRange[] {
  try {
    return parseLineNumbers(numbers);
  } catch (error) {
    if (!(error instanceof LineNumbersError)) throw error;
    throw new DedupeHeadersError(`${dedupeHeaders.numbers}: ${error.message}`, { cause: error });
  }
}
