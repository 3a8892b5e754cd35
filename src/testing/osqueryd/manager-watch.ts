import type { Clock } from '../../clock/index.ts';
import type { StatusSink } from './engine/index.ts';
import type { EventSink } from './events.ts';
import { type CallSettings, pingExtension, socketExists } from './extension-calls.ts';
import type { Registry } from './registry.ts';
import { failed } from './status.ts';

/** Smallest period and waiting time. */
const leastMs = 200;
const pollMs = 20;

/**
 * Pings the extensions one after the other, round after round, and drops each that fails once. Before its first ping
 * an extension has time to open its socket; meanwhile nobody else is looked after.
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
    for (const uuid of registry.routedUuids()) {
      const path = host.socketPath(uuid);
      if (!seen.has(uuid)) {
        seen.add(uuid);
        const limitMs = Math.max(leastMs, host.seconds().timeout * 1000);
        for (let waited = 0; waited < limitMs && !socketExists(path); waited += pollMs) {
          await clock.sleep(pollMs, signal).catch(() => {});
          if (signal.aborted) return;
        }
      }
      const status = socketExists(path)
        ? await pingExtension(path, host.settings())
        : failed('No such socket');
      if (signal.aborted) return;
      host.emit({ kind: 'ping', uuid, status });
      if (status.code === 0) continue;
      const message = `Extension UUID ${uuid} has gone away`;
      host.log({ severity: 0, file: 'extensions.cpp', line: 348, message });
      registry.drop(uuid);
      host.emit({ kind: 'gone', uuid });
    }
    await clock.sleep(Math.max(leastMs, host.seconds().interval * 1000), signal).catch(() => {});
  }
}
