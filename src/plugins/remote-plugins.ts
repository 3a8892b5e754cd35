import { type Clock, within } from '../clock/index.ts';
import { configPlugin, distributedPlugin, loggerPlugin, type Plugin } from '../extension/index.ts';
import { configSource } from './config/source.ts';
import { Intake } from './intake.ts';
import type { Service } from './service.ts';

/** osqueryd's first questions may come before everything is open. It is answered within a minute all the same. */
const openMs = 55_000;
/** How long a line waits for the store at the start. Only what is in the journal survives the death of the process. */
const lineMs = 5000;

/**
 * The plugins called `remote`, there from the first moment on: osqueryd registers them before the store, the settings
 * and the transport are up. Lines wait for the store a little, and then in memory; questions wait for the service.
 */
export class RemotePlugins {
  readonly plugins: readonly Plugin[];
  readonly intake: Intake;
  readonly #clock: Clock;
  readonly #opened: Promise<Service>;
  #open: (service: Service) => void = () => {};
  #service: Service | undefined;
  /** Whether it is worth waiting for the store. Each line waits on osqueryd's scheduler. */
  #patient = true;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.intake = new Intake(clock);
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    const name = configSource;
    this.plugins = [
      configPlugin({
        name,
        genConfig: async () => (await this.#ready()).configSources(),
        genPack: async (pack, value) => (await this.#ready()).packs.genPack(pack, value),
      }),
      loggerPlugin({
        name,
        string: (line) => this.#whenKept(() => this.intake.takeLine(line)),
        status: (lines) => this.#whenKept(() => this.intake.takeStatusLines(lines)),
      }),
      distributedPlugin({
        name,
        getQueries: async () => (await this.#ready()).distributed.getQueries(),
        writeResults: async (results) => (await this.#ready()).distributed.writeResults(results),
      }),
    ];
  }

  /** From now on questions are answered. */
  attach(service: Service): void {
    this.#service = service;
    this.#open(service);
  }

  /** Takes lines when they go to the journal at once; in memory if that is long in coming. */
  #whenKept(take: () => void): void | Promise<void> {
    if (this.#service !== undefined || !this.#patient) return take();
    return this.#openedWithin(lineMs)
      .then((service) => {
        if (service === undefined) this.#patient = false;
      })
      .then(take);
  }

  async #ready(): Promise<Service> {
    const service = this.#service ?? (await this.#openedWithin(openMs));
    if (service === undefined) {
      throw new Error('osquery-remote is still starting; its log says what it waits for');
    }
    return service;
  }

  /** The service, or `undefined` when it is not open by then. */
  #openedWithin(limitMs: number): Promise<Service | undefined> {
    return within(this.#clock, limitMs, () => this.#opened).catch(() => undefined);
  }
}
