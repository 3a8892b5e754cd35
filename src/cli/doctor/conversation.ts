import { systemClock } from '../../clock/index.ts';
import {
  inProcess,
  inWorker,
  moduleVariable,
  startTransport,
  type Transport,
} from '../../plugins/transport/index.ts';
import type { Host } from './host.ts';

/** Lends the transport of the extension, with one attempt per call. */
export async function withTransport<T>(host: Host, use: (transport: Transport) => Promise<T>): Promise<T> {
  const module = host.env[moduleVariable];
  const transport = startTransport({
    settings: { ...host.settings.transport, configAttempts: 1, distributedAttempts: 1, dump: false },
    clock: systemClock,
    log: () => {},
    // Code of somebody else gets its own thread here too.
    spawn: module ? inWorker({ module }) : inProcess(),
  });
  try {
    return await use(transport);
  } finally {
    await transport.close();
  }
}
