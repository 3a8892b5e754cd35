import type { Clock } from '../../clock/index.ts';
import type { StatusSink } from './engine/index.ts';
import type { EventSink } from './events.ts';
import { type CallSettings, pingExtension, socketExists } from './extension-calls.ts';
import type { Registry } from './registry.ts';
import type { Status } from './status.ts';

/** Smallest period and waiting time. */
const leastMs = 200;
const pollMs = 20;

/**
 * Pings the extensions one after the other, round after round. Those that failed, be it once, are dropped at the end of
 * the round. Before its first ping an extension has time to open its socket; meanwhile nobody else is looked after.
 */
export async function watchExtensions(
  host: {
    readonly registry: Registry;
    readonly clock: Clock;
    readonly settings: () => CallSettings;
    readonly log: StatusSink;
    readonly emit: EventSink;
    socketPath(uuid: number): string;
    /** `--extensions_interval` and `--extensions_timeout`, in seconds. */
    seconds(): { readonly interval: number; readonly timeout: number };
  },
  signal: AbortSignal,
): Promise<void> {
  const { clock, registry } = host;
  const seen = new Set<number>();
  while (!signal.aborted) {
    const failed: number[] = [];
    for (const uuid of registry.routedUuids()) {
      const path = host.socketPath(uuid);
      if (!seen.has(uuid)) await waitForSocket(path, clock, host.seconds().timeout * 1000, signal);
      seen.add(uuid);
      const status = socketExists(path) ? await pingExtension(path, host.settings()) : noSocket;
      if (signal.aborted) return;
      host.emit({ kind: 'ping', uuid, status });
      if (status.code !== 0) failed.push(uuid);
    }
    for (const uuid of failed) {
      const message = `Extension UUID ${uuid} has gone away`;
      host.log({ severity: 0, file: 'extensions.cpp', line: 348, message });
      registry.drop(uuid);
      host.emit({ kind: 'gone', uuid });
    }
    await clock.sleep(Math.max(leastMs, host.seconds().interval * 1000), signal).catch(() => {});
  }
}

const noSocket: Status = { code: 1, message: 'No such socket' };

async function waitForSocket(
  path: string,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const limitMs = Math.max(leastMs, timeoutMs);
  for (let waited = 0; waited <= limitMs && !socketExists(path) && !signal.aborted; waited += pollMs) {
    await clock.sleep(pollMs, signal).catch(() => {});
  }
}
