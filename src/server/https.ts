import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Socket } from 'node:net';
import type { ServerEvents } from './events.ts';
import type { ServerTls } from './options.ts';

/** Room for the numbers of a batch whose records have several rows each. Node's default is 16 KiB. */
const maxHeaderBytes = 256 * 1024;

/** A whole request must be there after so long. */
const requestTimeoutMs = 120_000;

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
    events.emit({ kind: 'bad_request', place: 'HTTP', status: 400, reason: error.code ?? error.message });
    if (!socket.writable) return;
    const body = JSON.stringify({ error: 'not a valid HTTP request' });
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
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
