import { isIP, connect as openSocket, type Socket } from 'node:net';
import { connect as openTls, type SecureContext, type TLSSocket } from 'node:tls';
import { type Clock, within } from '../../clock/index.ts';
import { RemoteError } from './error.ts';
import { hearOut } from './last-words.ts';
import { connectMs } from './limits.ts';
import { openTunnel, type ProxyAddress } from './proxy.ts';

/** Where and how to connect. */
export interface Route {
  readonly host: string;
  readonly port: number;
  readonly proxy: ProxyAddress | undefined;
  readonly context: SecureContext;
  /** A TLS session of an earlier connection to the same server, if there is one. */
  readonly session: Buffer | undefined;
}

/**
 * A TLS connection (1.2 or later, HTTP/1.1) to the server, directly or through the proxy. Only the roots of the context
 * count, and the host name is checked, whatever the environment says.
 */
export async function connectTls(
  route: Route,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { host, port, proxy } = route;
  const seconds = connectMs / 1_000;
  const via = proxy === undefined ? '' : ' through the proxy';
  const noTcp = () =>
    new RemoteError('connect', `no connection to ${host}:${port}${via} within ${seconds} s`);
  const open = (limited: AbortSignal) =>
    proxy === undefined ? openTcp(host, port, limited) : openTunnel(proxy, host, port, limited);
  const socket = await within(clock, connectMs, open, { signal, late: noTcp });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  const noTls = () =>
    new RemoteError('tls', `${host}:${port} has not finished the handshake within ${seconds} s`);
  const handshake = (limited: AbortSignal) => shakeHands(socket, route, limited);
  return within(clock, connectMs, handshake, { signal, late: noTls });
}

function shakeHands(socket: Socket, route: Route, signal: AbortSignal): Promise<TLSSocket> {
  const { host, context, session } = route;
  return new Promise((resolve, reject) => {
    const tls = openTls({
      socket,
      host,
      // A name of digits must not be sent as one.
      servername: isIP(host) === 0 ? host : '',
      secureContext: context,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      ...(session !== undefined && { session }),
    });
    hearOut(tls);
    const onAbort = () => tls.destroy(signal.reason instanceof Error ? signal.reason : undefined);
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', onAbort);
      act();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    tls.once('secureConnect', () => settle(() => resolve(tls)));
    // Stays: a socket may fail more than once.
    tls.on('error', (error) => settle(() => reject(error)));
    tls.once('close', () => settle(() => reject(closedEarly())));
  });
}

function closedEarly(): Error {
  return Object.assign(new Error('closed during the handshake'), { code: 'ECONNRESET' });
}

function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = openSocket({ host, port, signal });
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
