import { gzipSync } from 'node:zlib';
import type { Act, ScriptedReply } from '../server/index.ts';

/** Something that real servers, or what stands before them, answer. */
export interface Answer {
  readonly name: string;
  readonly rows: readonly number[];
  readonly act: Act;
}

type Headers = NonNullable<ScriptedReply['headers']>;

export function reply(
  status: number,
  body: string | Buffer = '',
  headers: Headers = [],
  framing: ScriptedReply['framing'] = 'length',
): Act {
  return { kind: 'reply', reply: { status, body, headers, framing } };
}

function answer(name: string, rows: readonly number[], act: Act): Answer {
  return { name, rows, act };
}

const html = (title: string) =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body><center><h1>${title}</h1></center></body>\r\n</html>`;
const asHtml: Headers = [['Content-Type', 'text/html']];
const asJson: Headers = [['Content-Type', 'application/json']];
const ni = '{"node_invalid":true}';

/** The node key is not known, in every form in which servers say so. */
export const nodeInvalid = {
  zentral: answer('200 node_invalid', [0, 1], reply(200, ni, asJson)),
  testServer: answer('200 node_invalid with blanks', [0, 1], reply(200, '{"node_invalid": true}\n')),
  windmill: answer('200 node_invalid as text/html', [1, 8], reply(200, ni, asHtml)),
  text: answer('200 node_invalid "true"', [1], reply(200, '{"node_invalid":"true"}')),
  number: answer('200 node_invalid 1', [1], reply(200, '{"node_invalid":1}')),
  numberText: answer('200 node_invalid "1"', [1], reply(200, '{"node_invalid":"1"}')),
  osctrlRead: answer(
    '200 queries and node_invalid',
    [0, 1],
    reply(200, '{"queries":{},"node_invalid":true}'),
  ),
  withError: answer('200 node_invalid and error', [1, 9], reply(200, '{"error":"x","node_invalid":true}')),
  fleet: answer(
    'Fleet: 401 node_invalid',
    [3],
    reply(
      401,
      '{\n  "error": "authentication error: invalid node key",\n  "node_invalid": true,\n  "uuid": "u"\n}',
      asJson,
    ),
  ),
  forbidden: answer('403 node_invalid', [3], reply(403, ni)),
  badRequest: answer('400 node_invalid', [3], reply(400, ni)),
  chunked: answer('200 node_invalid, chunked', [1], reply(200, ni, asJson, 'chunked')),
} as const;

/** `node_invalid` with a value that counts as false. */
export const notInvalid = {
  zero: '0',
  capital: '"True"',
  yes: '"yes"',
  null: 'null',
  two: '2',
} as const;

/** The status says that this client is refused, and nothing says that its key is not known. */
export const refusals = {
  unauthorized: answer('401 without a body', [3], reply(401)),
  osctrl: answer('osctrl: 403 without a body', [3, 4], reply(403)),
  html: answer('nginx: 403 HTML', [3, 7], reply(403, html('403 Forbidden'), asHtml)),
} as const;

/** The request as it is will never be taken. */
export const rejections = {
  fleet: answer(
    'Fleet: 400 without an error key',
    [10],
    reply(400, '{"message":"Bad request","errors":[{"name":"base","reason":"x"}],"uuid":"u"}', asJson),
  ),
  zentral: answer('Zentral: 400 HTML', [7], reply(400, html('Bad Request (400)'), asHtml)),
  empty: answer('400 without a body', [0], reply(400)),
  mediaType: answer('415', [34], reply(415, '{"message":"unsupported media type"}')),
  unprocessable: answer('422', [0], reply(422, '{"error":"unprocessable"}')),
} as const;

/** Not now, or not here: nothing is wrong with what was sent. */
export const failures = {
  osctrl: answer('osctrl: 500 without a body', [0, 6], reply(500)),
  fleet500: answer('Fleet: 500 error', [9], reply(500, '{"error":"database error: x","uuid":"u"}', asJson)),
  emptyObject500: answer('500 {}', [0], reply(500, '{}', asJson)),
  ni500: answer('500 node_invalid', [3], reply(500, ni)),
  splunk: answer(
    'Splunk: 500 XML',
    [7],
    reply(500, '<?xml version="1.0"?><response><messages/></response>', [['Content-Type', 'text/xml']]),
  ),
  notImplemented: answer('501', [0], reply(501, html('501'), asHtml)),
  badGateway: answer('nginx: 502 HTML', [7, 36], reply(502, html('502 Bad Gateway'), asHtml)),
  unavailable: answer('osctrl: 503 without a body', [4], reply(503)),
  timeout: answer('nginx: 504 HTML', [36], reply(504, html('504 Gateway Time-out'), asHtml)),
  full: answer('507', [0], reply(507)),
  strange: answer('599', [0], reply(599, 'what?')),
  notFound: answer('404 HTML', [7, 22], reply(404, html('404 Not Found'), asHtml)),
  notFoundJson: answer('Fleet: 404 JSON', [22], reply(404, '{"message":"Not Found","errors":[]}', asJson)),
  method: answer('osctrl: 405 text', [7], reply(405, 'Method Not Allowed\n')),
  requestTimeout: answer('408', [37], reply(408)),
  gone: answer('410', [22], reply(410)),
  early: answer('425', [0], reply(425)),
  limited: answer('429 without Retry-After', [36], reply(429, 'too many requests\n')),
  headTooLarge: answer('431', [0], reply(431)),
  errorKey: answer('200 error', [9], reply(200, '{"error":"unknown log type"}', asJson)),
  errorNull: answer('200 error null', [9], reply(200, '{"error":null}', asJson)),
  errorObject: answer('200 error as an object', [9], reply(200, '{"error":{"code":5}}', asJson)),
  portal: answer('200 HTML, a portal', [7], reply(200, html('Please log in'), asHtml)),
  portalAsJson: answer('200 HTML that calls itself JSON', [7, 8], reply(200, html('Welcome'), asJson)),
  text: answer('200 ok', [7], reply(200, 'ok')),
  emoji: answer('osctrl: 200 💥', [7], reply(200, '💥')),
  array: answer('200 []', [7], reply(200, '[]', asJson)),
  scalar: answer('200 true', [7], reply(200, 'true', asJson)),
  null: answer('200 null', [7], reply(200, 'null', asJson)),
  string: answer('200 a string', [7], reply(200, '"{}"', asJson)),
  garbageBehind: answer('200 {} with garbage behind', [7], reply(200, '{} garbage', asJson)),
  cutJson: answer('200 JSON that is cut', [7], reply(200, '{"a":', asJson)),
  singleQuotes: answer("200 {'a': 1}", [7], reply(200, "{'a': 1}")),
  zeros: answer('200 zero bytes', [7], reply(200, Buffer.alloc(16))),
  notUtf8: answer('200 UTF-16', [7], reply(200, Buffer.from('\ufeff{}', 'utf16le'))),
  deep: answer('200 nested 100,000 deep', [12], reply(200, `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`)),
} as const;

/** The server says when. */
export const busy = {
  seconds: answer(
    'osctrl: 429, Retry-After 60',
    [4, 36],
    reply(429, 'too many requests\n', [['Retry-After', '60']]),
  ),
  unavailable: answer('503, Retry-After 60', [36], reply(503, '', [['Retry-After', '60']])),
  date: answer(
    '503, Retry-After as a date',
    [36],
    reply(503, '', [
      ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
      ['Retry-After', 'Thu, 01 Jan 2026 00:01:00 GMT'],
    ]),
  ),
  forEver: answer('503, Retry-After of 30 years', [36], reply(503, '', [['Retry-After', '999999999']])),
  past: answer(
    '503, Retry-After in the past',
    [36],
    reply(503, '', [
      ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
      ['Retry-After', 'Wed, 31 Dec 2025 00:00:00 GMT'],
    ]),
  ),
  nonsense: answer('503, Retry-After "soon"', [36], reply(503, '', [['Retry-After', 'soon']])),
} as const;

/** The body was too large, or so they say. */
export const tooLarge = {
  osctrl: answer('osctrl: 413 without a body', [25], reply(413)),
  nginx: answer('nginx: 413 HTML', [7, 25], reply(413, html('413 Request Entity Too Large'), asHtml)),
  fleet: answer(
    'Fleet: 413 without an error key',
    [10, 25],
    reply(413, '{"message":"Payload Too Large","errors":[{"name":"base","reason":"x"}],"uuid":"u"}', asJson),
  ),
  sinkDown: answer(
    'Fleet: 413 as its sink is down',
    [26],
    reply(413, '{"error":"error writing result logs: sink is down","uuid":"u"}', asJson),
  ),
} as const;

const redirect = (status: number, location: string) => reply(status, '', [['Location', location]]);

export const redirects = {
  moved301: answer('301 within the server', [33], redirect(301, '/moved{path}')),
  found302: answer('302 within the server', [33], redirect(302, '/moved{path}')),
  other303: answer('303 within the server', [33], redirect(303, '/moved{path}')),
  temporary307: answer('307 within the server', [33], redirect(307, '/moved{path}')),
  permanent308: answer('308 within the server, absolute', [33], redirect(308, '{here}/moved{path}')),
  elsewhere307: answer('307 to another server', [21, 33], redirect(307, 'https://{elsewhere}{path}')),
  elsewhere302: answer('302 to another server', [21, 33], redirect(302, 'https://{elsewhere}{path}')),
  clear308: answer('308 to http', [21, 33], redirect(308, 'http://{elsewhere}{path}')),
  clear301: answer('301 to http', [21, 33], redirect(301, 'http://{elsewhere}{path}')),
  loop: answer('307 to itself', [33], redirect(307, '{path}')),
  nowhere: answer('307 without a Location', [33], reply(307)),
  strange: answer('307 to a strange place', [33], redirect(307, 'http://[:/')),
  notModified: answer('304', [33], reply(304)),
} as const;

/** Encodings and heads that no client can take. */
export const unreadable = {
  gzipLie: answer('200 that says gzip and is none', [24], reply(200, '{}', [['Content-Encoding', 'gzip']])),
  gzipCut: answer(
    '200 gzip that is cut',
    [24],
    reply(200, gzipSync('{"a":"aaaaaaaaaaaaaaaaaaaaaa"}').subarray(0, 20), [['Content-Encoding', 'gzip']]),
  ),
  bomb: answer(
    '200 gzip of 64 MiB',
    [24],
    reply(200, gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)), [['Content-Encoding', 'gzip']]),
  ),
  brotli: answer(
    '200 in an encoding that nobody asked for',
    [24],
    reply(200, '{}', [['Content-Encoding', 'br']]),
  ),
  hugeHead: answer('200 with a head of 64 KiB', [12], reply(200, '{}', [['X-Pad', 'x'.repeat(65_536)]])),
  hugeBody: answer('200 with 9 MiB', [12], reply(200, `{"a":"${'x'.repeat(9 * 1024 * 1024)}"}`)),
  noHttp: answer('a reply that is no HTTP', [7], { kind: 'bytes', bytes: 'NOPE\r\n\r\n' }),
  halfHead: answer('half a head, then the end', [5], { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-' }),
  shortBody: answer('less body than announced', [5], {
    kind: 'bytes',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":1}',
  }),
  resetInBody: answer('a reset inside the body', [5], {
    kind: 'bytes',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":1}',
    reset: true,
  }),
  cutChunk: answer('chunks without an end', [5], {
    kind: 'bytes',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n',
  }),
  badChunk: answer('chunks of no size', [5], {
    kind: 'bytes',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
  }),
  twoLengths: answer('two lengths', [5], {
    kind: 'bytes',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x',
  }),
} as const;

/** The connection ends without a byte. Over a kept socket that says nothing, and the request is sent once more. */
export const unanswered = {
  reset: answer('a reset after the request', [5], { kind: 'reset' }),
  lostReply: answer('a reset after the request was taken', [5], { kind: 'lost reply' }),
  close: answer('test server: an empty reply', [5], { kind: 'close' }),
} as const;

export const slow = {
  hang: answer('no answer', [37], { kind: 'hang' }),
  drip: answer('an answer that never ends', [37], { kind: 'drip' }),
} as const;

/** Faults of the connection itself. */
export const connections = {
  refuse: answer('connection refused', [0], { kind: 'connection', fault: 'refuse' }),
  reset: answer('connection reset at once', [0], { kind: 'connection', fault: 'reset' }),
  close: answer('connection closed at once', [0], { kind: 'connection', fault: 'close' }),
  handshake: answer('reset in the handshake', [0], { kind: 'connection', fault: 'reset in the handshake' }),
  garbage: answer('SSH on the port', [0], { kind: 'connection', fault: 'garbage' }),
  plain: answer('plain HTTP on the port', [0], { kind: 'connection', fault: 'plain HTTP' }),
  unknownCa: answer('certificate of an unknown CA', [38], { kind: 'connection', fault: 'unknown CA' }),
  expired: answer('certificate expired', [38], { kind: 'connection', fault: 'expired' }),
  notYet: answer('certificate not valid yet', [38], { kind: 'connection', fault: 'not valid yet' }),
  wrongName: answer('certificate of another name', [38], { kind: 'connection', fault: 'wrong name' }),
  commonName: answer('certificate with another common name alone', [38], {
    kind: 'connection',
    fault: 'common name only',
  }),
  tls11: answer('TLS 1.1 only', [38], { kind: 'connection', fault: 'TLS 1.1' }),
  clientCertificate: answer('client certificate wanted', [0], {
    kind: 'connection',
    fault: 'client certificate',
  }),
} as const;

export const silentConnection = answer('no handshake', [37], { kind: 'connection', fault: 'hang' });

/** Sockets that were kept alive, and are not. */
export const keepAlive = {
  stale: answer('test server: the kept socket is reset', [30], { kind: 'stale' }),
  idle: answer('the idle socket was closed', [30], { kind: 'idle close' }),
} as const;
