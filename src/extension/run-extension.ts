import { parseArguments } from './arguments.ts';
import { textOf } from './errors.ts';
import { Extension, type ExtensionEnd } from './extension.ts';
import type { LogLevel } from './log-level.ts';
import { osquerydAsParent } from './parent.ts';
import type { Plugin } from './plugin.ts';

export interface RunOptions {
  readonly name: string;
  readonly version?: string;
  readonly plugins: readonly Plugin[];
  /** Default `process.argv` after the script. */
  readonly argv?: readonly string[];
  /** Last chance to write what is in memory; one second, or 200 ms when osqueryd has ended. */
  readonly onStop?: () => Promise<void>;
  /** Called when osqueryd has accepted the registration. */
  readonly onStart?: (extension: Extension) => void;
}

/**
 * Runs an extension as a process of its own, from the command line that osqueryd gives it to `process.exit`.
 *
 * Signals end it in good order. An error that nobody caught is printed, and the extension goes on: osqueryd would
 * otherwise lose its plugins for one call that went wrong.
 */
export async function runExtension(options: RunOptions): Promise<never> {
  const { code, reason } = await liveOnce(options);
  if (code !== 0) printLine(options.name, 'error', reason);
  process.exit(code);
}

/** Never rejects. */
async function liveOnce(options: RunOptions): Promise<ExtensionEnd> {
  const print = (level: LogLevel, text: string) => printLine(options.name, level, text);
  // Whoever read what we print may have ended: no reason to end as well.
  process.stderr.on('error', () => {});
  process.on('uncaughtException', (error) => print('error', `not caught: ${textOf(error)}`));
  process.on('unhandledRejection', (error) => print('error', `not handled: ${textOf(error)}`));
  let extension: Extension | undefined;
  try {
    extension = prepare(options, print);
    const started = await extension.start().then(
      () => true,
      () => false,
    );
    if (started) options.onStart?.(extension);
    return await extension.ended;
  } catch (error) {
    await extension?.stop(textOf(error));
    return { code: 1, reason: textOf(error) };
  }
}

function prepare(options: RunOptions, print: (level: LogLevel, text: string) => void): Extension {
  // First of all, so that an osqueryd that ends meanwhile is missed.
  const parent = osquerydAsParent();
  const { unknown, verbose, ...rest } = parseArguments(options.argv ?? process.argv.slice(2));
  if (unknown.length > 0) {
    const known = '--socket, --timeout, --interval, --verbose';
    print('warning', `ignoring unknown arguments: ${unknown.join(' ')} (known are ${known})`);
  }
  const log = (level: LogLevel, text: string) => {
    if (level !== 'info' || verbose) print(level, text);
  };
  const extension = new Extension({ ...rest, ...options, parent, log });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => void extension.stop(signal));
  }
  return extension;
}

/** One line on stderr, whatever is in the text. */
export function printLine(name: string, level: LogLevel, text: string): void {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  process.stderr.write(`${name}: ${level === 'info' ? '' : `${level}: `}${line}\n`);
}
