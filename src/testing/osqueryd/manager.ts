import {
  Extension_call_args,
  Extension_call_result,
  Extension_ping_result,
  Extension_shutdown_result,
  ExtensionManager_deregisterExtension_args,
  ExtensionManager_deregisterExtension_result,
  ExtensionManager_extensions_result,
  ExtensionManager_getQueryColumns_args,
  ExtensionManager_getQueryColumns_result,
  ExtensionManager_options_result,
  ExtensionManager_query_args,
  ExtensionManager_query_result,
  ExtensionManager_registerExtension_args,
  ExtensionManager_registerExtension_result,
  InternalExtensionInfo,
  InternalOptionInfo,
} from '#thrift';
import type { ByteString } from './engine/index.ts';
import type { PluginCall } from './extension-calls.ts';
import type { FlagInfo } from './flags.ts';
import type { Method } from './manager-server.ts';
import type { Broadcast, ExtensionInfo, Registry } from './registry.ts';
import { fromWireText, replyToWire, rowFromWire, rowsFromWire, statusToWire, toWireText } from './rows.ts';
import type { PluginReply, Status } from './status.ts';
import type { Message } from './wire.ts';

/** What stands behind the manager socket. */
export interface Manager {
  readonly registry: Registry;
  options(): ReadonlyMap<string, FlagInfo>;
  /** An extension registered, or was refused; then its id is 0. */
  registered(name: ByteString, uuid: number, status: Status): void;
  /** @throws {Error} what the extension shall get as a Thrift exception. */
  call(call: PluginCall): Promise<PluginReply>;
  query(sql: ByteString): Promise<PluginReply>;
  queryColumns(sql: ByteString): Promise<PluginReply>;
}

/** The methods of Thrift's service `ExtensionManager`. Arguments that are absent are empty, as in C++. */
export function managerMethods(manager: Manager): Map<string, Method> {
  const { registry } = manager;
  return new Map<string, Method>([
    ['ping', () => new Extension_ping_result({ success: statusToWire({ code: 0, message: 'pong' }) })],
    // Answered, without an effect.
    ['shutdown', () => new Extension_shutdown_result()],
    [
      'extensions',
      () => {
        const all = [...registry.extensions()].map(([uuid, info]) => [uuid, infoToWire(info)] as const);
        return new ExtensionManager_extensions_result({ success: new Map(all) });
      },
    ],
    [
      'options',
      () => {
        const all = [...manager.options()].map(([name, flag]) => [name, flagToWire(flag)] as const);
        return new ExtensionManager_options_result({ success: new Map(all) });
      },
    ],
    [
      'registerExtension',
      (message) => {
        const { info, registry: routes } = readArgs(message, new ExtensionManager_registerExtension_args());
        const introduced = infoFromWire(info);
        const { uuid, ...status } = registry.register(introduced, broadcastFromWire(routes));
        manager.registered(introduced.name, uuid, status);
        return new ExtensionManager_registerExtension_result({ success: statusToWire(status, uuid) });
      },
    ],
    [
      'deregisterExtension',
      (message) => {
        const { uuid } = readArgs(message, new ExtensionManager_deregisterExtension_args());
        const status = registry.deregister(uuid ?? 0);
        return new ExtensionManager_deregisterExtension_result({ success: statusToWire(status) });
      },
    ],
    [
      'query',
      async (message) => {
        const { sql } = readArgs(message, new ExtensionManager_query_args());
        const reply = await manager.query(fromWireText(sql));
        return new ExtensionManager_query_result({ success: replyToWire(reply) });
      },
    ],
    [
      'getQueryColumns',
      async (message) => {
        const { sql } = readArgs(message, new ExtensionManager_getQueryColumns_args());
        const reply = await manager.queryColumns(fromWireText(sql));
        return new ExtensionManager_getQueryColumns_result({ success: replyToWire(reply) });
      },
    ],
    [
      'call',
      async (message) => {
        const args = readArgs(message, new Extension_call_args());
        const reply = await manager.call({
          registry: fromWireText(args.registry),
          item: fromWireText(args.item),
          request: rowFromWire(args.request),
        });
        return new Extension_call_result({ success: replyToWire(reply) });
      },
    ],
  ]);
}

function readArgs<Args extends { read(input: Message['body']): void }>(message: Message, args: Args): Args {
  args.read(message.body);
  return args;
}

function flagToWire({ value, defaultValue, type }: FlagInfo): InternalOptionInfo {
  return new InternalOptionInfo({ value, default_value: defaultValue, type });
}

function infoToWire(info: ExtensionInfo): InternalExtensionInfo {
  return new InternalExtensionInfo({
    name: toWireText(info.name),
    version: toWireText(info.version),
    sdk_version: toWireText(info.sdkVersion),
    min_sdk_version: toWireText(info.minSdkVersion),
  });
}

function infoFromWire(info: InternalExtensionInfo | null): ExtensionInfo {
  return {
    name: fromWireText(info?.name ?? null),
    version: fromWireText(info?.version ?? null),
    sdkVersion: fromWireText(info?.sdk_version ?? null),
    minSdkVersion: fromWireText(info?.min_sdk_version ?? null),
  };
}

function broadcastFromWire(
  routes: ReadonlyMap<string, ReadonlyMap<string, readonly Map<string, Uint8Array>[]>> | null,
): Broadcast {
  return new Map(
    [...(routes ?? [])].map(([registry, plugins]) => [
      fromWireText(registry),
      new Map([...plugins].map(([name, rows]) => [fromWireText(name), rowsFromWire(rows)])),
    ]),
  );
}
