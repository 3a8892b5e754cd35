import { request } from 'node:http';
import type { Socket } from 'node:net';
import { RemoteError } from './error.ts';

/** The proxy of `proxy_hostname`. */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  /** `user:password`, empty for none. */
  readonly credentials: string;
}

/** osquery's default port of a proxy. */
const defaultPort = 3128;

/**
 * Reads `proxy_hostname`: `host[:port]`, and as we also take it `[http://][user:password@]host[:port]`. Undefined when
 * it is empty.
 * @throws {RemoteError} `settings`
 */
export function parseProxy(text: string): ProxyAddress | undefined {
  if (text === '') return undefined;
  const bare = text.replace(/^http:\/\//i, '').replace(/\/$/, '');
  const at = bare.lastIndexOf('@');
  const uri = `http://${bare.slice(at + 1)}`;
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || url.pathname !== '/' || url.hostname === '') {
    throw new RemoteError('settings', `--proxy_hostname=${bare.slice(at + 1)} is no host[:port]`);
  }
  // The URL drops a port 80 that is given: osquery's default is another one.
  const port = url.port !== '' ? Number(url.port) : /:80$/.test(uri) ? 80 : defaultPort;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    credentials: decodePercents(bare.slice(0, Math.max(at, 0))),
  };
}

/** True if `NO_PROXY` exempts the server: names and their sub-domains, `*`, each perhaps with a port. */
export function isExempt(noProxy: string, host: string, port: number): boolean {
  const name = host.toLowerCase();
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const [, pattern = '', entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (pattern === '' || (entryPort !== undefined && Number(entryPort) !== port)) return false;
      const suffix = pattern.replace(/^\*?\./, '');
      return pattern === '*' || name === suffix || name.endsWith(`.${suffix}`);
    });
}

/**
 * A tunnel through the proxy to the server.
 * @throws {RemoteError} `proxy`, `connect` or `dns`
 */
export function openTunnel(
  proxy: ProxyAddress,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const connect = request({
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path: target,
      agent: false,
      signal,
      headers: {
        Host: target,
        ...(proxy.credentials !== '' && {
          'Proxy-Authorization': `Basic ${Buffer.from(proxy.credentials).toString('base64')}`,
        }),
      },
    });
    connect.once('connect', (reply, socket, head) => {
      const status = reply.statusCode ?? 0;
      if (status >= 200 && status <= 299) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket);
        return;
      }
      socket.destroy();
      reject(new RemoteError('proxy', refusal(proxy, target, status)));
    });
    connect.once('response', (reply) => {
      reply.destroy();
      reject(new RemoteError('proxy', refusal(proxy, target, reply.statusCode ?? 0)));
    });
    connect.once('error', reject);
    connect.end();
  });
}

function refusal({ host, port, credentials }: ProxyAddress, target: string, status: number): string {
  const proxy = `the proxy ${host}:${port}`;
  if (status !== 407) return `${proxy} answers HTTP ${status} to CONNECT ${target}`;
  const advice = 'give them as --proxy_hostname=user:password@host:port';
  return credentials === ''
    ? `${proxy} asks for a name and a password (407): ${advice}`
    : `${proxy} refuses the name or password of --proxy_hostname (407)`;
}

/** Percent-encoding taken out, where there is any. */
export function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
