import type { Clock } from '../../clock/index.ts';
import type { Config } from './engine/index.ts';
import type { Flags } from './flags.ts';
import type { PluginReply, Row, Status } from './status.ts';

/** What loading the config takes. */
export interface ConfigSource {
  readonly clock: Clock;
  readonly flags: Flags;
  readonly config: Config;
  /** Calls the active config plugin. */
  call(request: Row): Promise<PluginReply>;
}

/** Asks the config plugin once per refresh; slower or faster after a failure (`--config_accelerated_refresh`). */
export class ConfigLoader {
  readonly #source: ConfigSource;
  #accelerated = false;
  #valid = false;

  constructor(source: ConfigSource) {
    this.#source = source;
  }

  /** `osquery_info.config_valid`: an answer came, whatever was in it. */
  get valid(): boolean {
    return this.#valid;
  }

  /** One `genConfig`, applied. A failure of the plugin changes the pace until the next success. */
  async load(): Promise<Status> {
    const { config } = this.#source;
    const reply = await this.#source.call(new Map([['action', 'genConfig']]));
    if (reply.code !== 0) {
      this.#accelerated = true;
      return reply;
    }
    this.#accelerated = false;
    this.#valid = true;
    return config.update(reply.rows[0] ?? new Map());
  }

  /** Loads again and again until `signal` is aborted; at once over when `--config_refresh` is 0. Sleeps first. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, flags } = this.#source;
    const normal = flags.number('config_refresh');
    if (normal === 0) return;
    for (;;) {
      const seconds = this.#accelerated ? flags.number('config_accelerated_refresh') : normal;
      await clock.sleep(seconds * 1000, signal).catch(() => {});
      if (signal.aborted) return;
      await this.load();
    }
  }
}
