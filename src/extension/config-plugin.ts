import { failure, oneRow, type Plugin } from './plugin.ts';
import { decodeText } from './wire/index.ts';

/** JSON text, as a string or as bytes. */
export type JsonText = string | Uint8Array;

/**
 * A config plugin: osqueryd asks it for its configuration when `--config_plugin` names it.
 *
 * Throw to fail: osqueryd then keeps the configuration that it has, and asks again after `config_refresh` seconds, or
 * never when that is 0 (its default).
 */
export interface ConfigPlugin {
  readonly name: string;
  /**
   * The configuration as JSON text, under one or more source names. osqueryd applies sources in the byte order of their
   * names. A source that is left out later stays in force: give `{}` to clear it.
   */
  genConfig(): ConfigSources | Promise<ConfigSources>;
  /**
   * The JSON text of a pack that the configuration names by a string. For the name `*`, an object of packs. Without this
   * method, or when it returns `undefined`, osqueryd skips the pack.
   */
  genPack?(name: string, value: string): JsonText | undefined | Promise<JsonText | undefined>;
}

export type ConfigSources = Readonly<Record<string, JsonText>>;

/** Makes a plugin of the registry `config`. */
export function configPlugin(plugin: ConfigPlugin): Plugin {
  return {
    registry: 'config',
    name: plugin.name,
    route: [],
    async call(request) {
      const action = request.get('action')?.toString();
      switch (action) {
        case 'genConfig':
          return oneRow(...Object.entries(await plugin.genConfig()));
        case 'genPack': {
          const name = decodeText(request.get('name') ?? Buffer.alloc(0));
          const value = decodeText(request.get('value') ?? Buffer.alloc(0));
          const pack = await plugin.genPack?.(name, value);
          return pack === undefined ? failure(`no pack ${name}`) : oneRow([name, pack]);
        }
        default:
          return failure(`a config plugin has no action ${action ?? '(none given)'}`);
      }
    },
  };
}
