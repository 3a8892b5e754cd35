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

/** Idle connections to one server, and what the next handshake there can go on from. */
interface Pool {
  idle: Idle[];
  session: Buffer | undefined;
}

/** A second server as fall-back, or a few: what is used alternately stays open. */
const maxOrigins = 4;

/**
 * The open connections, by server. They are replaced when a certificate or the proxy changes, and after
 * `tls_session_timeout`.
 */
export class Connections {
  readonly #clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly #credentials = new CredentialStore();
  readonly #open = new Set<Connection>();
  /** The least recently used first. */
  #pools = new Map<string, Pool>();
  #family = '';
  #current: Credentials | undefined;

  constructor(clock: Pick<Clock, 'monotonic' | 'sleep'>) {
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
    const family = JSON.stringify([settings.proxyHostname, settings.sessionReuse]);
    if (credentials !== this.#current || family !== this.#family) this.#startAnew(credentials, family);
    const pool = this.#poolFor(url.origin);

    const timeoutMs = settings.sessionTimeoutS === 0 ? Infinity : settings.sessionTimeoutS * 1_000;
    const entry = this.#takeIdle(pool, timeoutMs) ?? {
      openedAt: this.#clock.monotonic(),
      connection: new Connection({
        origin: url.origin,
        clock: this.#clock,
        keepAlive: settings.sessionReuse,
        keepAliveMs: Math.min(maxIdleMs, timeoutMs),
        onSession: (session) => {
          if (settings.sessionReuse) pool.session = session;
        },
        route: () => ({ host, port, proxy, context: credentials.context, session: pool.session }),
      }),
    };
    const { connection } = entry;
    this.#open.add(connection);
    return {
      connection,
      proxy,
      release: () => {
        const current = this.#pools.get(url.origin) === pool;
        if (current && settings.sessionReuse && connection.usable) {
          pool.idle.push(entry);
        } else {
          this.#drop(connection);
        }
      },
    };
  }

  /** Ends every connection at once, also those that are in use. */
  close(): void {
    this.#pools.clear();
    for (const connection of this.#open) this.#drop(connection);
  }

  #poolFor(origin: string): Pool {
    const pool = this.#pools.get(origin) ?? { idle: [], session: undefined };
    this.#pools.delete(origin);
    this.#pools.set(origin, pool);
    for (const [oldest, { idle }] of this.#pools) {
      if (this.#pools.size <= maxOrigins) break;
      this.#pools.delete(oldest);
      for (const { connection } of idle) this.#drop(connection);
    }
    return pool;
  }

  #takeIdle(pool: Pool, timeoutMs: number): Idle | undefined {
    for (let entry = pool.idle.pop(); entry !== undefined; entry = pool.idle.pop()) {
      const age = this.#clock.monotonic() - entry.openedAt;
      if (entry.connection.usable && age < timeoutMs) return entry;
      this.#drop(entry.connection);
    }
    return undefined;
  }

  #startAnew(credentials: Credentials, family: string): void {
    for (const { idle } of this.#pools.values()) for (const { connection } of idle) this.#drop(connection);
    this.#pools.clear();
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
