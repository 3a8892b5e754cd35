import { systemClock } from '../clock/index.ts';
import {
  Extension,
  type ExtensionOptions,
  type LogLevel,
  osquerydAsParent,
  parseArguments,
  printLine,
} from '../extension/index.ts';
import { productVersion } from '../version.ts';
import { RemotePlugins } from './remote-plugins.ts';
import type { Service } from './service.ts';

const name = 'osquery-remote';
/** After osqueryd could not be asked for its flags. */
const openAgainMs = 1000;

type Log = (level: LogLevel, text: string) => void;
/** What both extensions of this process have in common. */
type Common = Pick<ExtensionOptions, 'socket' | 'timeoutMs' | 'intervalMs' | 'parent' | 'version' | 'log'>;

/**
 * Runs the extension `osquery-remote` in this process, from osqueryd's command line to the end.
 * @returns the exit code
 */
export async function runRemote(argv: readonly string[]): Promise<number> {
  let verbose = false;
  const log: Log = (level, text) => {
    if (level !== 'info' || verbose) printLine(name, level, text);
  };
  // Whoever read what we print may have ended: no reason to end as well.
  process.stderr.on('error', () => {});
  // Files and sockets are for this user alone.
  process.umask(0o077);
  process.on('uncaughtException', (error) => log('error', `not caught: ${textOf(error)}`));
  process.on('unhandledRejection', (error) => log('error', `not handled: ${textOf(error)}`));
  try {
    const parent = osquerydAsParent();
    const { unknown, verbose: isVerbose, ...args } = parseArguments(argv);
    verbose = isVerbose;
    if (unknown.length > 0) {
      const known = '--socket, --timeout, --interval, --verbose';
      log('warning', `ignoring unknown arguments: ${unknown.join(' ')} (known are ${known})`);
    }
    return await live({ ...args, parent, version: productVersion, log }, log);
  } catch (error) {
    printLine(name, 'error', textOf(error));
    return 1;
  }
}

async function live(common: Common, log: Log): Promise<number> {
  const remote = new RemotePlugins(systemClock);
  const ending = new AbortController();
  let opening: Promise<Service | undefined> = Promise.resolve(undefined);
  const extension = new Extension({
    ...common,
    name,
    plugins: remote.plugins,
    onStop: async () => {
      ending.abort(new Error('the extension ends'));
      await (await opening)?.close();
    },
  });
  // Both go on answering for as long as osqueryd is there, so they begin to leave at the same time.
  const leaving = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      leaving.abort(new Error(signal));
      void extension.stop(signal);
    });
  }
  await extension.start();
  opening = open(extension, remote, log, ending.signal);
  const anyEnd = AbortSignal.any([leaving.signal, ending.signal]);
  const tables = opening.then((service) => service && serveTables(service, common, log, anyEnd));
  const { code } = await extension.ended;
  await tables;
  return code;
}

/** Loads what registration did not need, and tries until it is open. Never rejects. */
async function open(
  extension: Extension,
  remote: RemotePlugins,
  log: Log,
  signal: AbortSignal,
): Promise<Service | undefined> {
  while (!signal.aborted) {
    try {
      const { Service } = await import('./service.ts');
      const service = await Service.open({
        manager: extension.manager,
        registration: () => extension.uuid,
        intake: remote.intake,
        clock: systemClock,
        env: process.env,
        log,
        signal,
      });
      remote.attach(service);
      return service;
    } catch (error) {
      if (signal.aborted) break;
      log('error', `not open yet: ${textOf(error)}`);
      await systemClock.sleep(openAgainMs, signal).catch(() => {});
    }
  }
  return undefined;
}

/**
 * The tables are an extension of their own: osqueryd may keep their registration waiting for a running query, and a
 * table that it will not have must not take the other plugins with it. Never rejects.
 */
async function serveTables(service: Service, common: Common, log: Log, signal: AbortSignal): Promise<void> {
  try {
    await service.settled();
    const tables = new Extension({ ...common, name: `${name}-tables`, plugins: service.tables() });
    signal.addEventListener('abort', () => void tables.stop('the extension ends'), { once: true });
    await tables.start();
    await tables.ended;
  } catch (error) {
    if (!signal.aborted)
      log('warning', `no tables remote_outbox, remote_quarantine, remote_status: ${textOf(error)}`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
