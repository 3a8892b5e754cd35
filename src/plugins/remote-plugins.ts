import type { Clock } from '../clock/index.ts';
import { configPlugin, distributedPlugin, loggerPlugin, type Plugin } from '../extension/index.ts';
import { configSource } from './config/source.ts';
import { Intake } from './intake.ts';
import type { Service } from './service.ts';

/** osqueryd's first questions may come before everything is open. It is answered within a minute all the same. */
const openMs = 55_000;

/**
 * The plugins called `remote`, there from the first moment on: osqueryd registers them before the store, the settings
 * and the transport are up. Lines are taken at once, questions wait for the service.
 */
export class RemotePlugins {
  readonly plugins: readonly Plugin[];
  readonly intake: Intake;
  readonly #clock: Clock;
  readonly #opened: Promise<Service>;
  #open: (service: Service) => void = () => {};
  #service: Service | undefined;

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
        string: (line) => this.intake.takeLine(line),
        status: (lines) => this.intake.takeStatusLines(lines),
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

  async #ready(): Promise<Service> {
    if (this.#service !== undefined) return this.#service;
    const over = new AbortController();
    const late = this.#clock.sleep(openMs, over.signal).then(() => {
      throw new Error('osquery-remote is still starting; its log says what it waits for');
    });
    late.catch(() => {});
    try {
      return await Promise.race([this.#opened, late]);
    } finally {
      over.abort();
    }
  }
}
