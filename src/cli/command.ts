import type { Output } from './terminal.ts';

/** What a command works with; a test gives its own. */
export interface CommandContext {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted when the command is to end. */
  readonly stop: AbortSignal;
}

/** A command without the process around it. @returns the exit code. */
export type Command = (argv: readonly string[], context: CommandContext) => Promise<number>;

/** Runs a command with this process' output, until it ends or SIGINT or SIGTERM stops it. @returns the exit code. */
export async function runCommand(command: Command, argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await command(argv, { stdout: process.stdout, stderr: process.stderr, stop: stop.signal });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
