import { authenticate, HttpError, jsonReply } from '../http/index.ts';
import {
  DedupeHeadersError,
  JsonSyntaxError,
  type LineNumbers,
  type LogBody,
  type LogStream,
  parseLogBody,
  readDedupeHeaders,
} from '../lines/index.ts';
import type { EndpointHandler, EndpointRequest } from './endpoint.ts';

/** `logger_tls_endpoint`: answered with `{}` when every line that is new has been written. */
export const log: EndpointHandler = async (request, context) => {
  const body = parse(request.body);
  const { id, hostIdentifier } = authenticate(
    context.nodes,
    context.nodeKeyPlace,
    request.headers,
    body.nodeKey,
    request.pathKey,
  );
  const stream = streamOf(body);
  if (body.lines === undefined) throw new HttpError(400, '"data" must be an array');
  const numbers = readNumbers(request, stream, body.lines.length);
  const repeated = await context.intake.take({
    stream,
    node: hostIdentifier,
    lines: body.lines,
    ...(numbers && {
      numbers: { numbering: { node: id, writer: numbers.writer, stream }, ranges: numbers.ranges },
    }),
  });
  context.events.emit({
    kind: 'log_received',
    node: hostIdentifier,
    stream,
    lines: body.lines.length,
    repeated,
    bytes: request.body.length,
  });
  return jsonReply({});
};

function parse(body: Buffer): LogBody {
  if (body.length === 0) throw new HttpError(400, 'the body is empty, expected a JSON object');
  try {
    return parseLogBody(body);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new HttpError(400, `the body is not valid: ${error.message}`);
    throw error;
  }
}

function streamOf({ logType }: LogBody): LogStream {
  if (logType === 'result' || logType === 'status') return logType;
  // Not quietly taken and dropped, as some servers do: the lines would be lost.
  throw new HttpError(400, '"log_type" must be "result" or "status"');
}

function readNumbers(
  { headers }: EndpointRequest,
  stream: LogStream,
  lines: number,
): LineNumbers | undefined {
  try {
    return readDedupeHeaders(headers, stream, lines);
  } catch (error) {
    if (error instanceof DedupeHeadersError) throw new HttpError(400, error.message);
    throw error;
  }
}
