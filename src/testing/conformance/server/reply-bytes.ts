import type { ScriptedReply } from './script.ts';

/** A reply as bytes. After `framing: 'close'` the connection must end. */
export function replyBytes({ status, headers = [], body = '', framing = 'length' }: ScriptedReply): Buffer {
  const bytes = Buffer.from(body);
  const bodyless = status === 204 || status === 304;
  const own: [string, string][] = [];
  if (framing === 'chunked') own.push(['Transfer-Encoding', 'chunked']);
  else if (framing === 'close') own.push(['Connection', 'close']);
  else if (!bodyless) own.push(['Content-Length', String(bytes.length)]);
  const head = [
    `HTTP/1.1 ${status} Scripted`,
    ...[...own, ...headers].map(([name, value]) => `${name}: ${value}`),
  ];
  const start = Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
  if (bodyless) return start;
  return Buffer.concat([start, framing === 'chunked' ? chunked(bytes) : bytes]);
}

/** In two chunks, so that somebody has to put them together. */
function chunked(bytes: Buffer): Buffer {
  const middle = Math.ceil(bytes.length / 2);
  const pieces = [bytes.subarray(0, middle), bytes.subarray(middle)].filter((piece) => piece.length > 0);
  const parts = pieces.flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
