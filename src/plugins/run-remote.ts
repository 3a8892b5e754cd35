import { systemClock } from '../clock/index.ts';
import { Extension, type LogLevel, osquerydAsParent, parseArguments, printLine } from '../extension/index.ts';
import { productVersion } from '../version.ts';
import { RemotePlugins } from './remote-plugins.ts';
import type { Service } from './service.ts';

const name = 'osquery-remote';
/** After osqueryd could not be asked for its flags. */
const openAgainMs = 1000;

/**
 * Runs the extension `osquery-remote` in this process, from osqueryd's command line to the end.
 * @returns the exit code
 */
export async function runRemote(argv: readonly string[]): Promise<number> {
  let verbose = false;
  const log = (level: LogLevel, text: string) => {
    if (level !== 'info' || verbose) printLine(name, level, text);
  };
  // Files and sockets are for this user alone.
  process.umask(0o077);
  process.on('uncaughtException', (error) => log('error', `not caught: ${textOf(error)}`));
  process.on('unhandledRejection', (error) => log('error', `not handled: ${textOf(error)}`));
  try {
    const parent = osquerydAsParent();
    const { unknown, ...args } = parseArguments(argv);
    verbose = args.verbose;
    if (unknown.length > 0) {
      log(
        'warning',
        `ignoring unknown arguments: ${unknown.join(' ')} (known are --socket, --timeout, --interval, --verbose)`,
      );
    }
    const remote = new RemotePlugins(systemClock);
    const ending = new AbortController();
    let opening: Promise<Service | undefined> = Promise.resolve(undefined);
    const extension = new Extension({
      ...args,
      name,
      version: productVersion,
      plugins: remote.plugins,
      parent,
      log,
      onStop: async () => {
        ending.abort(new Error('the extension ends'));
        await (await opening.catch(() => undefined))?.close();
      },
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => void extension.stop(signal));
    }
    await extension.start();
    opening = open(extension, remote, log, ending.signal);
    return (await extension.ended).code;
  } catch (error) {
    printLine(name, 'error', textOf(error));
    return 1;
  }
}

/** Loads what registration did not need, and tries until it is open. */
async function open(
  { manager }: Extension,
  remote: RemotePlugins,
  log: (level: LogLevel, text: string) => void,
  signal: AbortSignal,
): Promise<Service | undefined> {
  const { Service } = await import('./service.ts');
  while (!signal.aborted) {
    try {
      const service = await Service.open({
        manager,
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

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
