import { JsonScanner, JsonSyntaxError } from './json-scanner.ts';

/** What the body of a log request holds. */
export interface LogBody {
  /** As sent; `undefined` when it is absent or not a string. */
  readonly nodeKey: string | undefined;
  readonly logType: string | undefined;
  /** One view into the body for each element of `data`, without line breaks; `undefined` when `data` is absent or no array. */
  readonly lines: Uint8Array[] | undefined;
}

/**
 * Cuts the body of a log request into its lines without decoding them: bytes of the body are the bytes of the line.
 * A member that is given twice counts as last given, as in every JSON parser.
 * @throws {JsonSyntaxError} when the body is not one JSON object.
 */
export function parseLogBody(body: Buffer): LogBody {
  const scanner = new JsonScanner(body);
  const strings = new Map<string, string | undefined>();
  let lines: Uint8Array[] | undefined;
  scanner.members((name) => {
    if (name === 'data') lines = scanner.peek() === 0x5b ? cutLines(body, scanner) : skip(scanner);
    else strings.set(name, stringValue(body, scanner));
  });
  scanner.end();
  return { nodeKey: strings.get('node_key'), logType: strings.get('log_type'), lines };
}

function cutLines(body: Buffer, scanner: JsonScanner): Uint8Array[] {
  const lines: Uint8Array[] = [];
  scanner.brokeLine = false;
  scanner.elements((start, end) => {
    const line = body.subarray(start, end);
    lines.push(scanner.brokeLine ? withoutLineBreaks(line) : line);
    scanner.brokeLine = false;
  });
  return lines;
}

/** JSON has line breaks only between tokens, where a blank means the same. */
function withoutLineBreaks(line: Uint8Array): Uint8Array {
  return line.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte));
}

function stringValue(body: Buffer, scanner: JsonScanner): string | undefined {
  scanner.peek();
  const start = scanner.at;
  scanner.value();
  return body[start] === 0x22 ? JSON.parse(body.toString('utf8', start, scanner.at)) : undefined;
}

function skip(scanner: JsonScanner): undefined {
  scanner.value();
}

export { JsonSyntaxError };
