import { connect, type Socket } from 'node:net';
import { systemClock, within } from '../../clock/index.ts';
import {
  isExempt,
  openTunnel,
  type ProxyAddress,
  parseProxy,
  RemoteError,
} from '../../plugins/transport/index.ts';
import type { Host } from './host.ts';
import { serverAddress } from './server-address.ts';

/** An end of a connection. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where connections go: to the server, or to the proxy in front of it. */
export interface Route {
  readonly server: Address;
  readonly proxy: ProxyAddress | undefined;
  /** What is connected to first. */
  readonly first: Address;
  /** A proxy that is set, and not used because of NO_PROXY. */
  readonly exempt: boolean;
}

/** What is wrong with `--proxy_hostname`; `undefined` when nothing is. */
export function proxyProblem({ settings }: Pick<Host, 'settings'>): string | undefined {
  try {
    parseProxy(settings.transport.proxyHostname);
    return undefined;
  } catch (error) {
    return wordsOf(error);
  }
}

/** @throws {Error} when a flag makes no sense. */
export function routeOf(host: Host): Route {
  const server = serverAddress(host);
  if (server === undefined) throw new Error('--tls_hostname is no host[:port]');
  const given = parseProxy(host.settings.transport.proxyHostname);
  const noProxy = host.env['NO_PROXY'] ?? host.env['no_proxy'] ?? '';
  const exempt = given !== undefined && isExempt(noProxy, server.host, server.port);
  const proxy = exempt ? undefined : given;
  return { server, proxy, first: proxy ?? server, exempt };
}

/** A TCP connection. @throws {NodeJS.ErrnoException} `ETIMEDOUT` when it takes too long. */
export function openTcp(
  host: string,
  port: number,
  patienceMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    const late = () => socket.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    socket.setTimeout(patienceMs, late);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** A connection to the server, through the proxy if there is one. @throws {RemoteError | NodeJS.ErrnoException} */
export async function openRoute(
  { server, proxy }: Route,
  patienceMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  if (proxy === undefined) return openTcp(server.host, server.port, patienceMs, signal);
  const late = () =>
    new RemoteError('proxy', `no answer of ${proxy.host}:${proxy.port} within ${patienceMs / 1000} s`);
  const tunnel = (limited: AbortSignal) => openTunnel(proxy, server.host, server.port, limited);
  return within(systemClock, patienceMs, tunnel, { signal, late });
}

/** `host:port`, with the brackets of IPv6. */
export function show({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Without the code that our errors have in front. */
export function wordsOf(error: unknown): string {
  if (error instanceof RemoteError) return error.message.replace(/^\w+: /, '');
  return error instanceof Error ? error.message : String(error);
}
