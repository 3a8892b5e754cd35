import { readFile } from 'node:fs/promises';
import { type CommandEntry, commands } from './commands.ts';
import type { Output } from './terminal.ts';

export interface DispatchContext {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Default: all that there are. */
  readonly commands?: Readonly<Record<string, CommandEntry>>;
}

/** Runs the command that the arguments name. @returns the exit code; 2 when the arguments are wrong. */
export async function dispatch(argv: readonly string[], context: DispatchContext): Promise<number> {
  const { stdout, stderr } = context;
  const table = context.commands ?? commands;
  const [name = '', ...rest] = argv;
  if (name === '--help' || name === '-h' || name === 'help') {
    stdout.write(usage(table));
    return 0;
  }
  if (name === '--version' || name === '-v') {
    stdout.write(`${await version()}\n`);
    return 0;
  }
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry === undefined) {
    const names = Object.keys(table).join(', ');
    const problem = name === '' ? 'give a command' : `there is no command ${JSON.stringify(name)}`;
    stderr.write(`osquery-remote: ${problem}; commands are ${names} (osquery-remote --help)\n`);
    return 2;
  }
  try {
    const run = await entry.load();
    return await run(rest);
  } catch (error) {
    stderr.write(`osquery-remote ${name}: ${explain(error)}\n`);
    return 1;
  }
}

/** The version of this package. */
export async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return JSON.parse(manifest).version;
}

function usage(table: Readonly<Record<string, CommandEntry>>): string {
  const width = Math.max(...Object.keys(table).map((name) => name.length));
  const lines = Object.entries(table).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `osquery-remote: osquery's remote client as an extension, and what belongs to it

${lines.join('\n')}

Each command explains itself with --help. Load bin/osquery-remote.ext with osqueryd's --extension.
`;
}

/** One line, or all that is known about an error that is ours. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  if (isBug && !('code' in error)) return `this should not happen; please report it\n${error.stack}`;
  return error.message.split('\n')[0] ?? error.name;
}
