import type { Clock } from '../clock/index.ts';
import type { ExtensionManager, LogLevel, Plugin } from '../extension/index.ts';
import { BatchResults } from './batch-results.ts';
import { Complaints } from './complaints.ts';
import { configSource, RemoteConfig, RemotePacks } from './config/index.ts';
import { countRows, countStatusLines } from './count-lines.ts';
import { deliverTo } from './deliver.ts';
import { RemoteDistributed } from './distributed/index.ts';
import { EndpointStatuses } from './endpoint-status.ts';
import { Enrollment } from './enrollment/index.ts';
import { hookedStore, plainStore } from './enrollment-store.ts';
import { HostIdentity } from './host-identity.ts';
import type { Intake, LineTaker } from './intake.ts';
import { keyDatabase } from './key-database.ts';
import { type Loss, memoryStore, Outbox } from './outbox/index.ts';
import { ownStatusLine } from './own-status-line.ts';
import { RemoteApi } from './remote-api.ts';
import { secretMark } from './secret-mark.ts';
import { capsOf, forwardSettings, type Settings, settingsReader } from './settings/index.ts';
import { Store, storePath } from './store/index.ts';
import { outboxTable, quarantineTable, statusTable } from './tables/index.ts';
import {
  inWorker,
  moduleVariable,
  type SpawnTransport,
  startTransport,
  type Transport,
} from './transport/index.ts';

export interface ServiceOptions {
  readonly manager: ExtensionManager;
  /** What came before the outbox was there. */
  readonly intake: Intake;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (level: LogLevel, text: string) => void;
  /** Aborted when the process is to end. */
  readonly signal: AbortSignal;
  /** Where the transport runs. Default: a worker thread, with the user's module if there is one. */
  readonly spawn?: SpawnTransport | undefined;
  /** The uuid of our registration: another one after osqueryd was started again. */
  readonly registration?: (() => number) | undefined;
  /** From 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined;
}

/** osqueryd applies the flags of a configuration right after it was given one. */
const flagsAppliedMs = 1000;
const optionsMs = 10_000;
/** After the first configuration: until its queries are set up, and the first of them have begun. */
const settleMs = 1000;

/** What is there before the rest. */
interface Parts {
  readonly identity: HostIdentity;
  readonly read: ReturnType<typeof settingsReader>;
  readonly settings: Settings;
  readonly store: Store;
}

/** Everything behind the plugins, opened after registration: settings, store, node key, transport, outbox. */
export class Service implements LineTaker {
  readonly config: RemoteConfig;
  readonly packs: RemotePacks;
  readonly distributed: RemoteDistributed;
  readonly outbox: Outbox;
  readonly enrollment: Enrollment;
  readonly statuses: EndpointStatuses;
  readonly #options: ServiceOptions;
  readonly #identity: HostIdentity;
  readonly #store: Store;
  readonly #transport: Transport;
  readonly #batchResults: BatchResults;
  readonly #read: Parts['read'];
  #settings: Settings;
  #registration = 0;

  /**
   * Opens it all. Nothing that is wrong with a setting, the disk or the server keeps it from coming up: that is told, and
   * mended later.
   * @throws {unknown} when osqueryd cannot be asked for its flags, or `signal` is aborted.
   */
  static async open(options: ServiceOptions): Promise<Service> {
    const { manager, env, clock, log, signal } = options;
    const identity = new HostIdentity(manager);
    const [flags] = await Promise.all([
      manager.options({ timeoutMs: optionsMs, signal }),
      identity.refresh(),
    ]);
    const read = settingsReader(env, (text) => log('warning', text));
    const settings = read(flags, identity.version);
    const store = await Store.open({ path: storePath(settings, env), clock, log, signal });
    const service = new Service(options, { identity, read, settings, store });
    await service.#open();
    return service;
  }

  private constructor(options: ServiceOptions, { identity, read, settings, store }: Parts) {
    const { manager, clock, env, log, signal, random } = options;
    this.#options = options;
    this.#read = read;
    this.#identity = identity;
    this.#settings = settings;
    this.#store = store;
    this.statuses = new EndpointStatuses(clock);
    const complaints = new Complaints(log);
    this.#transport = startTransport({
      settings: settings.transport,
      clock,
      log: (level, text) => {
        if (level !== 'debug') log(level, text);
      },
      spawn: options.spawn ?? inWorker({ module: env[moduleVariable] || undefined }),
    });
    this.enrollment = new Enrollment({
      clock,
      ...(random && { random }),
      settings: () => this.#settings.enrollment,
      state: env[moduleVariable] ? hookedStore(store, this.#transport, signal) : plainStore(store),
      database: keyDatabase(manager),
      request: (stop) => this.#enroll(api, stop),
      secretMark: () => secretMark(this.#settings, env),
      log: (level, text) => log(level, text),
    });
    const api = new RemoteApi({
      transport: this.#transport,
      settings: () => this.#settings.transport,
      enrollment: this.enrollment,
      statuses: this.statuses,
      complaints,
      clock,
      ending: signal,
    });
    this.outbox = new Outbox({
      dir: store.journal,
      clock,
      deliver: deliverTo(() => api),
      settings: (stream) => forwardSettings(this.#settings, stream),
      caps: capsOf(settings),
      sync: settings.own.sync,
      ...(random && { random }),
      onLoss: (loss) => this.#reportLoss(loss),
      log: (severity, message) => log(severity, `outbox: ${message}`),
    });
    this.config = new RemoteConfig({
      api,
      store,
      clock,
      version: () => this.#settings.transport.osqueryVersion,
      refreshS: () => this.#settings.configRefreshS,
      push: (config) => this.#push(config),
      onServed: () => void this.#readFlagsSoon(),
      complaints,
      log,
    });
    this.packs = new RemotePacks({
      api,
      store,
      clock,
      version: () => this.#settings.transport.osqueryVersion,
      hostname: () => this.#settings.transport.hostname,
      signal,
      complaints,
      log,
    });
    this.#batchResults = new BatchResults(store, (text) => log('warning', text));
    this.distributed = new RemoteDistributed({ api, outbox: this.outbox, signal });
  }

  /** The configuration of the server, and where it is asked for our own beside it. */
  async configSources(): Promise<Record<string, string>> {
    return this.#withOwnSource(await this.config.genConfig());
  }

  /** Takes a result line or a snapshot. */
  takeLine(line: Buffer, acceptedAt = this.#options.clock.now()): void {
    const kind = this.#batchResults.kindOf(line);
    const lines = kind === 'rows' ? countRows(line) : 1;
    this.outbox.append('result', kind, line, { lines, acceptedAt });
  }

  /** Takes status lines as osqueryd hands them over: a JSON array. */
  takeStatusLines(lines: Buffer, acceptedAt = this.#options.clock.now()): void {
    if (this.#settings.disableStatusLog) return;
    this.outbox.append('status', 'statuses', lines, { lines: countStatusLines(lines), acceptedAt });
  }

  /** What can be asked about it with SQL. */
  tables(): Plugin[] {
    return [
      outboxTable(this.outbox),
      quarantineTable(this.outbox),
      statusTable({
        clock: this.#options.clock,
        endpoints: () => this.statuses.all(),
        enrollment: () => this.enrollment.status(),
        config: () => this.config.status(),
      }),
    ];
  }

  /** Resolves when osqueryd has a configuration of ours, or takes it from elsewhere. Rejects when all ends. */
  async settled(): Promise<void> {
    const { clock, signal } = this.#options;
    if (this.#settings.configPlugin === configSource) await this.config.served(signal);
    await clock.sleep(settleMs, signal);
  }

  /** Ends everything, and sees to it that the disk has what is waiting. The server is not waited for. */
  async close(): Promise<void> {
    this.config.close();
    // What is under way is given up first: nobody is to hear of a transport that we end ourselves.
    await Promise.all([this.outbox.close(), this.enrollment.close(), this.#transport.close()]);
    await this.#store.close();
  }

  async #open(): Promise<void> {
    const { intake, registration, log } = this.#options;
    this.#registration = registration?.() ?? 0;
    const batch = {
      ...this.#batchConditions(),
      eventType: this.#settings.loggerEventType,
      instance: this.#identity.instance,
    };
    await Promise.all([this.config.open(), this.enrollment.open(), this.#batchResults.open(batch)]);
    this.#followKey(this.enrollment.key);
    this.enrollment.onKey((key) => this.#followKey(key));
    const lost = intake.attach(this);
    if (lost > 0) this.#reportLoss({ stream: 'result', lines: lost, reason: 'memory' });
    await this.outbox.open(this.#store.lookups).catch((error: unknown) => {
      log(
        'error',
        `the store cannot be read (${error}); positions are kept in memory, and lines may be sent twice`,
      );
      return this.outbox.open(memoryStore());
    });
    // Somebody will want the key soon. A host that only has our extension loaded does not enroll.
    if (this.#isInUse()) void this.enrollment.obtain({ maxWaitMs: 0 }).catch(() => {});
  }

  #isInUse(): boolean {
    const { configPlugin, loggerPlugins } = this.#settings;
    return configPlugin === configSource || loggerPlugins.includes(configSource);
  }

  async #withOwnSource(config: string): Promise<Record<string, string>> {
    await this.#knowInstance();
    return { [configSource]: config, ...(await this.#batchResults.source(config)) };
  }

  async #push(config: string): Promise<void> {
    const { manager, signal } = this.#options;
    for (const [source, text] of Object.entries(await this.#withOwnSource(config))) {
      await manager.updateConfig(source, text, { signal });
    }
  }

  #batchConditions() {
    const { own, loggerPlugins } = this.#settings;
    return { wanted: own.batchResults, alone: loggerPlugins.length === 1 };
  }

  /** After osqueryd was started again its flags are its own again. */
  async #knowInstance(): Promise<void> {
    const registration = this.#options.registration?.() ?? 0;
    if (registration === this.#registration) return;
    this.#registration = registration;
    await this.#identity.refresh();
    this.#batchResults.update({ instance: this.#identity.instance });
  }

  /** Without a key nothing can be delivered, and with a new one it can be at once. */
  #followKey(key: string | undefined): void {
    if (key === undefined && !this.#settings.enrollment.disabled) this.outbox.pause();
    else this.outbox.resume();
  }

  async #enroll(api: RemoteApi, signal: AbortSignal) {
    await this.#identity.refresh();
    const { hostIdentifier, specifiedIdentifier } = this.#settings;
    return api.send(
      {
        endpoint: 'enroll',
        hostIdentifier: this.#identity.identifier(hostIdentifier, specifiedIdentifier),
        platformType: this.#identity.platformType,
        hostDetails: this.#identity.details,
      },
      signal,
    );
  }

  async #readFlagsSoon(): Promise<void> {
    const { manager, clock, signal } = this.#options;
    try {
      await clock.sleep(flagsAppliedMs, signal);
      const flags = await manager.options({ timeoutMs: optionsMs, signal });
      this.#settings = this.#read(flags, this.#identity.version);
    } catch {
      // osqueryd is away or busy: after the next configuration again.
      return;
    }
    this.#transport.update(this.#settings.transport);
    this.outbox.update({ caps: capsOf(this.#settings) });
    this.#batchResults.update(this.#batchConditions());
    this.#followKey(this.enrollment.key);
  }

  /** The server learns from a status line what it will never see. */
  #reportLoss({ stream, lines, reason }: Loss): void {
    const { clock, log } = this.#options;
    const { hostIdentifier, specifiedIdentifier } = this.#settings;
    const message = `osquery-remote lost ${lines} ${lines === 1 ? 'line' : 'lines'} of the ${stream} stream (${reason})`;
    log('warning', message);
    if (this.#settings.disableStatusLog) return;
    const line = ownStatusLine({
      severity: 1,
      file: 'outbox',
      message,
      hostIdentifier: this.#identity.identifier(hostIdentifier, specifiedIdentifier),
      now: clock.now(),
    });
    this.outbox.append('status', 'statuses', line, { tellsOf: { stream, lines, reason } });
  }
}
