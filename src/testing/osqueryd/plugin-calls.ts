import { PluginException } from './database-plugin.ts';
import type { ByteString, StatusSink } from './engine/index.ts';
import type { EventSink } from './events.ts';
import { type CallSettings, callExtension, type PluginCall } from './extension-calls.ts';
import type { Registry } from './registry.ts';
import { failed, type PluginReply, type Row, succeeded } from './status.ts';

/**
 * Answers calls to one of core's own plugins.
 * @throws {PluginException} where the plugin's code in osqueryd throws.
 */
export type LocalPlugin = (item: ByteString, request: Row) => PluginReply | Promise<PluginReply>;

/** Calls plugins by name, wherever they are: core's own, or an extension's. */
export class PluginCalls {
  readonly #registry: Registry;
  readonly #local: ReadonlyMap<string, LocalPlugin>;
  readonly #settings: () => CallSettings;
  readonly #socketPath: (uuid: number) => string;
  readonly #log: StatusSink;
  readonly #emit: EventSink;
  readonly #active = new Map<ByteString, ByteString>();

  constructor(options: {
    readonly registry: Registry;
    /** By registry. */
    readonly local: ReadonlyMap<string, LocalPlugin>;
    readonly settings: () => CallSettings;
    socketPath(uuid: number): string;
    readonly log: StatusSink;
    readonly emit: EventSink;
  }) {
    this.#registry = options.registry;
    this.#local = options.local;
    this.#settings = options.settings;
    this.#socketPath = options.socketPath;
    this.#log = options.log;
    this.#emit = options.emit;
  }

  /** Makes `names` (a comma list) what a call without a name goes to. */
  setActive(registry: ByteString, names: ByteString): void {
    this.#active.set(registry, names);
  }

  active(registry: ByteString): ByteString {
    return this.#active.get(registry) ?? '';
  }

  /**
   * Calls a plugin; an empty `item` stands for the active one. Several names get the call one after the other, and
   * what they answer does not matter.
   * @throws {Error} for an unknown registry without an item, as osqueryd does.
   */
  async call(call: PluginCall): Promise<PluginReply> {
    const { registry, request } = call;
    if (call.item === '' && !this.#registry.hasRegistry(registry)) {
      throw new Error(`Unknown registry requested: ${registry}`);
    }
    const item = call.item === '' ? this.active(registry) : call.item;
    if (!item.includes(',')) return this.#callOne({ registry, item, request });
    for (const one of item.split(',')) await this.#callOne({ registry, item: one, request });
    return succeeded();
  }

  async #callOne(call: PluginCall): Promise<PluginReply> {
    const { registry, item, request } = call;
    try {
      if (!this.#registry.hasRegistry(registry)) {
        throw new PluginException(`Unknown registry requested: ${registry}`);
      }
      const owner = this.#registry.owner(registry, item);
      if (owner === undefined) return failed(`Cannot call registry item: ${item}`);
      if (owner === 0) return (await this.#local.get(registry)?.(item, request)) ?? succeeded();
      const reply = await callExtension(this.#socketPath(owner), call, this.#settings());
      this.#emit({ kind: 'call', uuid: owner, call, reply });
      return reply;
    } catch (error) {
      if (!(error instanceof PluginException)) throw error;
      const message = `${registry} registry ${item} plugin caused exception: ${error.message}`;
      this.#log({ severity: 2, file: 'registry_factory.cpp', line: 188, message });
      return failed(error.message);
    }
  }
}
