import type { Clock } from '../../clock/index.ts';
import { Connection } from './connection.ts';
import { CredentialStore, type Credentials } from './credentials.ts';
import { isExempt, type ProxyAddress, parseProxy } from './proxy.ts';
import type { TransportSettings } from './settings.ts';

/** How long an idle socket is kept when neither the server nor a flag says less. */
const maxIdleMs = 600_000;

/** A connection lent to one request, and how to give it back. */
export interface Lease {
  readonly connection: Connection;
  readonly proxy: ProxyAddress | undefined;
  /** Call once, when the exchange is over. */
  release(): void;
}

interface Idle {
  readonly connection: Connection;
  readonly openedAt: number;
}

/**
 * The open connections to the server. They are replaced when a certificate, the proxy or the server changes, and after
 * `tls_session_timeout`.
 */
export class Connections {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #credentials = new CredentialStore();
  readonly #open = new Set<Connection>();
  #idle: Idle[] = [];
  #family = '';
  #current: Credentials | undefined;
  #session: Buffer | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /**
   * A connection to the origin of `url`.
   * @throws {RemoteError} `settings` if a certificate or the proxy's name cannot be used
   */
  take(url: URL, settings: TransportSettings): Lease {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? 443 : Number(url.port);
    const proxy = proxyFor(settings.proxyHostname, host, port);
    const credentials = this.#credentials.read(settings);
    const family = JSON.stringify([url.origin, settings.proxyHostname, settings.sessionReuse]);
    if (credentials !== this.#current || family !== this.#family) this.#startAnew(credentials, family);

    const timeoutMs = settings.sessionTimeoutS === 0 ? Infinity : settings.sessionTimeoutS * 1_000;
    const entry = this.#takeIdle(timeoutMs) ?? {
      openedAt: this.#clock.monotonic(),
      connection: new Connection({
        origin: url.origin,
        keepAlive: settings.sessionReuse,
        keepAliveMs: Math.min(maxIdleMs, timeoutMs),
        onSession: (session) => {
          if (settings.sessionReuse && credentials === this.#current) this.#session = session;
        },
        route: () => ({ host, port, proxy, context: credentials.context, session: this.#session }),
      }),
    };
    const { connection } = entry;
    this.#open.add(connection);
    return {
      connection,
      proxy,
      release: () => {
        const current = credentials === this.#current && family === this.#family;
        if (current && settings.sessionReuse && connection.usable) {
          this.#idle.push(entry);
        } else {
          this.#drop(connection);
        }
      },
    };
  }

  /** Ends every connection at once, also those that are in use. */
  close(): void {
    this.#idle = [];
    for (const connection of this.#open) this.#drop(connection);
  }

  #takeIdle(timeoutMs: number): Idle | undefined {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      const age = this.#clock.monotonic() - entry.openedAt;
      if (entry.connection.usable && age < timeoutMs) return entry;
      this.#drop(entry.connection);
    }
    return undefined;
  }

  #startAnew(credentials: Credentials, family: string): void {
    for (const { connection } of this.#idle) this.#drop(connection);
    this.#idle = [];
    this.#session = undefined;
    this.#current = credentials;
    this.#family = family;
  }

  #drop(connection: Connection): void {
    this.#open.delete(connection);
    connection.destroy();
  }
}

function proxyFor(proxyHostname: string, host: string, port: number): ProxyAddress | undefined {
  const proxy = parseProxy(proxyHostname);
  const noProxy = process.env['NO_PROXY'] ?? process.env['no_proxy'] ?? '';
  return proxy === undefined || isExempt(noProxy, host, port) ? undefined : proxy;
}
