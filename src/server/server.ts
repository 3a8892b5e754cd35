import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock/index.ts';
import { ConfigSource } from './config-source.ts';
import { type Followed, followResults, type NewQuery } from './distributed/index.ts';
import { ServerEvents } from './events.ts';
import { FaultScript } from './faults.ts';
import { createHttps } from './https.ts';
import type { LogStream } from './lines/index.ts';
import { OperatorApi } from './operator/index.ts';
import { defaultLimits, defaultPaths, type ServerOptions } from './options.ts';
import { createRequestListener, type Pending } from './request-listener.ts';
import { type DataDirectory, openDataDirectory, type StoredNode, writePrivateFile } from './store/index.ts';
import { logPath, openStores, type Stores } from './stores.ts';
import { makeTls } from './tls.ts';

/** How often it is stored when nodes were here last, and old queries are removed. */
const housekeepingMs = 30_000;

/** How long `close` waits for answers that are being made. */
const closeGraceMs = 2_000;

interface Parts {
  readonly options: ServerOptions;
  readonly clock: Clock;
  readonly directory: DataDirectory;
  readonly events: ServerEvents;
  readonly config: ConfigSource;
  readonly stores: Stores;
}

/**
 * Opens a reference server: everything but the socket, for which see `ReferenceServer.listen`.
 * @throws {ConfigError} when the config cannot be used.
 * @throws {StoreError} when the data directory cannot be used or belongs to another server.
 */
export async function createServer(options: ServerOptions): Promise<ReferenceServer> {
  const clock = options.clock ?? systemClock;
  const events = new ServerEvents(clock);
  const config = await openConfig(options, events);
  const directory = await openDataDirectory(options.dataDirectory);
  let stores: Stores | undefined;
  try {
    stores = await openStores(directory.path, options, clock, events);
    const token = randomBytes(32).toString('base64url');
    await writePrivateFile(join(directory.path, 'operator-token'), `${token}\n`);
    const tls = options.tls ?? (await makeTls());
    await writeFile(join(directory.path, 'ca.pem'), tls.ca ?? tls.certificate);
    return new ReferenceServer({ options, clock, directory, events, config, stores }, tls, token);
  } catch (error) {
    await stores?.close();
    await directory.dispose();
    throw error;
  }
}

/** osquery's remote API over HTTPS, with everything behind it. Made by `createServer`. */
export class ReferenceServer {
  /** What happens, as it happens. */
  readonly events: ServerEvents;
  /** Faults for the next requests. */
  readonly faults = new FaultScript();
  readonly dataDirectory: string;
  /** What clients must trust (PEM), for `--tls_server_certs`. */
  readonly caFile: string;
  /** The bearer token of the operator API. */
  readonly tokenFile: string;
  readonly #parts: Parts;
  readonly #https: Server;
  readonly #pending: Pending = new Set();
  readonly #closing = new AbortController();
  #stopHousekeeping = () => {};
  #closed: Promise<void> | undefined;

  constructor(parts: Parts, tls: Parameters<typeof createHttps>[0], token: string) {
    const { options, events, config, clock } = parts;
    const { nodes, queries, intake } = parts.stores;
    this.#parts = parts;
    this.events = events;
    this.dataDirectory = parts.directory.path;
    this.caFile = join(this.dataDirectory, 'ca.pem');
    this.tokenFile = join(this.dataDirectory, 'operator-token');
    const listener = createRequestListener(
      {
        context: {
          nodes,
          queries,
          config,
          intake,
          events,
          secrets: options.secrets.filter((secret) => secret !== ''),
          secretName: options.secretName ?? 'enroll_secret',
          nodeKeyPlace: options.nodeKeyPlace ?? 'either',
        },
        operator: new OperatorApi({ nodes, queries, events, clock, token, closing: this.#closing.signal }),
        paths: { ...defaultPaths, ...options.paths },
        limits: { ...defaultLimits, ...options.limits },
        nodeApi: options.nodeApi ?? false,
        refusalStatus: options.refusalStatus ?? 200,
        fault: async (endpoint, request) =>
          this.faults.next(endpoint, request) ?? (await options.intercept?.(endpoint, request)),
        events,
      },
      this.#pending,
    );
    this.#https = createHttps(tls, options.clientCa, events, listener);
  }

  /** @throws {Error} of the socket, as `EADDRINUSE`. */
  async listen(): Promise<void> {
    const { options, clock, stores, events } = this.#parts;
    this.#https.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(this.#https, 'listening');
    await writeFile(join(this.dataDirectory, 'server.json'), `${JSON.stringify({ url: this.url })}\n`);
    this.#stopHousekeeping = clock.interval(housekeepingMs, () => {
      stores.housekeep().catch((error: unknown) => {
        events.emit({ kind: 'server_error', place: 'housekeeping', reason: String(error) });
      });
    });
    events.emit({ kind: 'listening', url: this.url });
  }

  /** Where it listens. Throws before `listen`. */
  get address(): AddressInfo {
    const address = this.#https.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return address;
  }

  /** `host:port`, for `--tls_hostname`. */
  get hostname(): string {
    const { address, family, port } = this.address;
    if (address === '0.0.0.0' || address === '::') return `localhost:${port}`;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** `https://host:port` */
  get url(): string {
    return `https://${this.hostname}`;
  }

  /** The NDJSON file with the lines of a stream. */
  logFile(stream: LogStream): string {
    return logPath(this.dataDirectory, stream);
  }

  /** The nodes that ever enrolled. */
  get nodes(): StoredNode[] {
    return this.#parts.stores.nodes.all();
  }

  /** Makes a node's keys invalid: its next request is refused, and it enrolls again. */
  revoke(hostIdentifier: string): Promise<void> {
    return this.#parts.stores.nodes.revoke(hostIdentifier);
  }

  /**
   * From now on this config for all nodes.
   * @throws {ConfigError}
   */
  setConfig(config: Readonly<Record<string, unknown>>): void {
    this.#parts.config.set(config);
  }

  /**
   * Makes an ad-hoc query, by default for all nodes and for an hour.
   * @returns its id.
   */
  async query(sql: string, options: Partial<Omit<NewQuery, 'sql'>> = {}): Promise<string> {
    const { nodes, queries } = this.#parts.stores;
    const known = nodes.all().map((node) => node.id);
    const query = await queries.create({ lifetimeMs: 3_600_000, ...options, sql }, known);
    this.events.emit({ kind: 'query_created', query: query.id, sql, nodes: query.awaited.length });
    return query.id;
  }

  /** The results of a query, as they come; see `followResults`. */
  results(query: string, signal?: AbortSignal): AsyncGenerator<Followed> {
    const { stores, clock } = this.#parts;
    const closing = this.#closing.signal;
    const stop = signal === undefined ? closing : AbortSignal.any([closing, signal]);
    return followResults(stores.queries, query, clock, stop);
  }

  /** Answers what it has read, cuts every connection, and writes all that is in memory. Can be called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { clock, stores, directory } = this.#parts;
    this.#stopHousekeeping();
    this.#closing.abort();
    if (this.#https.listening) this.#https.close();
    const enough = new AbortController();
    await Promise.race([
      Promise.allSettled(this.#pending),
      clock.sleep(closeGraceMs, enough.signal).catch(() => {}),
    ]);
    enough.abort();
    this.#https.closeAllConnections();
    await stores.close();
    await directory.dispose();
  }
}

function openConfig({ config }: ServerOptions, events: ServerEvents): Promise<ConfigSource> {
  if (config === undefined) return Promise.resolve(ConfigSource.fromObject({}, events));
  if ('file' in config) return ConfigSource.fromFile(config.file, events);
  return Promise.resolve(ConfigSource.fromObject(config.value, events));
}
