import { type IncomingMessage, type RequestListener, STATUS_CODES } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Socket } from 'node:net';
import type { ServerEvents } from './events.ts';
import type { ServerTls } from './options.ts';

/** Room for the numbers of a batch whose records have several rows each. Node's default is 16 KiB. */
const maxHeaderBytes = 256 * 1024;

/** A whole request must be there after so long. */
const requestTimeoutMs = 120_000;

/** What Node finds wrong with a request before there is one, and how it is answered. */
const clientErrors: ReadonlyMap<string, readonly [status: number, reason: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, `the headers are larger than ${maxHeaderBytes} bytes`]],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, `the request took longer than ${requestTimeoutMs} ms`]],
]);

/** TLS from 1.2 on, HTTP/1.1 alone: osquery speaks nothing else. */
export function createHttps(
  tls: ServerTls,
  clientCa: string | undefined,
  events: ServerEvents,
  listener: RequestListener,
): Server {
  const server = createServer(
    {
      cert: tls.certificate,
      key: tls.key,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      maxHeaderSize: maxHeaderBytes,
      requestTimeout: requestTimeoutMs,
      ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
    },
    listener,
  );
  server.on('tlsClientError', (error, socket) => {
    events.emit({ kind: 'bad_request', place: 'TLS handshake', status: 0, reason: error.message });
    socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [status, reason] = clientErrors.get(error.code ?? '') ?? [400, 'not a valid HTTP request'];
    events.emit({ kind: 'bad_request', place: 'HTTP', status, reason: error.code ?? error.message });
    if (!socket.writable) return;
    const body = JSON.stringify({ error: reason });
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
  server.on('connection', (socket) => {
    if (!(socket instanceof Socket)) return;
    const ends = endsOf(socket);
    tcpSockets.set(ends, socket);
    socket.once('close', () => tcpSockets.delete(ends));
  });
  return server;
}

/** The TCP sockets below the TLS sockets, which have no reset of their own. */
const tcpSockets = new Map<string, Socket>();

/** Ends the connection of a request with a TCP reset, in the middle of everything. */
export function resetConnection({ socket }: IncomingMessage): void {
  tcpSockets.get(endsOf(socket))?.resetAndDestroy();
  socket.destroy();
}

function endsOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
