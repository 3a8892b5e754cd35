import { accessSync, constants } from 'node:fs';
import {
  Extension_call_args,
  Extension_call_result,
  Extension_ping_args,
  Extension_ping_result,
  Extension_shutdown_args,
  Extension_shutdown_result,
} from '#thrift';
import type { Clock } from '../../clock/index.ts';
import { toBytes } from './engine/index.ts';
import { CallFailure, ExtensionConnection } from './extension-connection.ts';
import { fromWireText, rowsFromWire, rowToWire, toWireText } from './rows.ts';
import { failed, ok, type PluginReply, type Row, type Status } from './status.ts';

/** A call of an extension's plugin. */
export interface PluginCall {
  readonly registry: string;
  readonly item: string;
  readonly request: Row;
}

/** osqueryd's limit for the ping before each call. */
export const probeTimeoutMs = 10_000;

/** What core needs to know about itself to call an extension. */
export interface CallSettings {
  readonly clock: Clock;
  /** `--thrift_timeout`. */
  readonly timeoutMs: number;
  /** The connections that are open, for whoever has to cut them. */
  readonly open: Set<ExtensionConnection>;
}

/** Whether a socket file is there and may be written. */
export function socketExists(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Calls a plugin as core does: look at the path, connect and ping, connect again and call. Never throws. */
export async function callExtension(
  path: string,
  call: PluginCall,
  settings: CallSettings,
): Promise<PluginReply> {
  if (!(await isActive(path, settings))) return failed(notAvailable(path));
  const result = new Extension_call_result();
  const { registry, item, request } = call;
  const args = new Extension_call_args({
    registry: toWireText(registry),
    item: toWireText(item),
    request: rowToWire(request),
  });
  const failure = await onConnection(path, settings, settings.timeoutMs, (connection) =>
    connection.call('call', args, result),
  );
  if (failure !== undefined) return failed(toBytes(`Extension call failed: ${failure}`));
  const { success } = result;
  if (success === null) return failed('Extension call failed: call failed: unknown result');
  return {
    code: success.status?.code ?? 0,
    message: fromWireText(success.status?.message ?? null),
    rows: rowsFromWire(success.response),
  };
}

/** What core asks of an extension whose plugin becomes the active one: two pings, on a connection each. */
export async function activateExtension(path: string, settings: CallSettings): Promise<Status> {
  if (!(await isActive(path, settings))) return failed(notAvailable(path));
  return pingExtension(path, settings);
}

/** One ping with the long limit, as the manager's watcher sends it. Code 1 in the answer is a failure. */
export async function pingExtension(path: string, settings: CallSettings): Promise<Status> {
  const result = new Extension_ping_result();
  const failure = await onConnection(path, settings, settings.timeoutMs, (connection) =>
    connection.call('ping', new Extension_ping_args(), result),
  );
  if (failure !== undefined) return failed(toBytes(`Extension call failed: ${failure}`));
  return result.success?.code === 1 ? failed(fromWireText(result.success.message)) : ok;
}

/**
 * Asks an extension to end, and waits for its answer.
 * @param connected called once the connection stands, or when it does not come to be.
 */
export async function shutdownExtension(
  path: string,
  settings: CallSettings,
  connected: () => void,
): Promise<Status> {
  const failure = await onConnection(path, settings, settings.timeoutMs, (connection) => {
    connected();
    return connection.call('shutdown', new Extension_shutdown_args(), new Extension_shutdown_result());
  });
  connected();
  return failure === undefined ? ok : failed(toBytes(`Extension call failed: ${failure}`));
}

function notAvailable(path: string): string {
  return toBytes(`Extension socket not available: ${path}`);
}

/** The probe: only whether an answer comes counts, not what it is. */
async function isActive(path: string, settings: CallSettings): Promise<boolean> {
  if (!socketExists(path)) return false;
  const failure = await onConnection(path, settings, probeTimeoutMs, (connection) =>
    connection.call('ping', new Extension_ping_args(), new Extension_ping_result()),
  );
  return failure === undefined;
}

/** Runs `use` on a connection of its own and closes it; returns why it failed. */
async function onConnection(
  path: string,
  { clock, open }: CallSettings,
  timeoutMs: number,
  use: (connection: ExtensionConnection) => Promise<void>,
): Promise<string | undefined> {
  let connection: ExtensionConnection | undefined;
  try {
    connection = await ExtensionConnection.open(path, clock, timeoutMs);
    open.add(connection);
    await use(connection);
    return undefined;
  } catch (error) {
    if (error instanceof CallFailure) return error.message;
    throw error;
  } finally {
    if (connection !== undefined) open.delete(connection);
    connection?.close();
  }
}
