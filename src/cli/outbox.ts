import { systemClock } from '../clock/index.ts';
import { type CommandContext, runCommand } from './command.ts';
import { type OutboxArguments, outboxUsage, readOutboxArguments } from './outbox-options.ts';
import { answers, NoTables, outboxOfOsqueryd } from './outbox-osqueryd.ts';
import { formatLine, formatQuarantine, formatRows, formatStreams } from './outbox-output.ts';
import { OutboxError, type OutboxSource } from './outbox-source.ts';
import { outboxOfStore } from './outbox-store.ts';
import { UsageError } from './server-options.ts';
import { clean, colorsFor } from './terminal.ts';

const defaultSocket = '/var/osquery/osquery.em';
const defaultStore = '/var/osquery/osquery.db.remote';

/** `osquery-remote outbox`. @returns the exit code, as the usage lists them. */
export function run(argv: string[]): Promise<number> {
  return runCommand(outbox, argv);
}

/** @returns the exit code. */
export async function outbox(
  argv: readonly string[],
  context: CommandContext,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const { stdout, stderr, stop } = context;
  try {
    const args = readOutboxArguments(argv);
    if (args === undefined) {
      stdout.write(outboxUsage);
      return 0;
    }
    const source = await open(args, env, stop);
    try {
      return await act(args, source, context);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (stop.aborted) return 130;
    if (!(error instanceof UsageError || error instanceof OutboxError)) throw error;
    stderr.write(`osquery-remote outbox: ${clean(error.message, 400)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function open(
  args: OutboxArguments,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<OutboxSource> {
  const { socket, store } = args;
  const writes = args.action === 'replay' || args.action === 'remove';
  if (socket !== undefined) return outboxOfOsqueryd(socket, signal);
  if (store !== undefined) return outboxOfStore(store, writes);
  if (await answers(defaultSocket, signal)) {
    try {
      return await outboxOfOsqueryd(defaultSocket, signal);
    } catch (error) {
      // An osqueryd without the extension leaves the store to us.
      if (!(error instanceof NoTables)) throw error;
    }
  }
  return outboxOfStore(env['OSQUERY_REMOTE_STORE'] || defaultStore, writes);
}

async function act(
  args: OutboxArguments,
  source: OutboxSource,
  { stdout, stderr }: CommandContext,
): Promise<number> {
  const asTable = stdout.isTTY === true && !args.json;
  const colors = colorsFor(stdout);
  const now = systemClock.now();
  switch (args.action) {
    case 'list': {
      const rows = await source.streams();
      stdout.write(asTable ? formatStreams(rows, now, colors) : formatRows(rows));
      return 0;
    }
    case 'quarantine': {
      const rows = await source.quarantine();
      stdout.write(asTable ? formatQuarantine(rows, now, colors) : formatRows(rows));
      return 0;
    }
    case 'show': {
      const [id = 0] = args.ids;
      const [row] = await source.quarantine(id);
      const line = await source.read(id);
      if (row === undefined || line === undefined) return missing(id);
      stdout.write(asTable ? formatLine(row, line, now, colors) : formatRows([{ ...row, line }]));
      return 0;
    }
    case 'replay':
    case 'remove': {
      let code = 0;
      for (const id of args.ids) {
        if (!(await source[args.action](id))) {
          code = missing(id);
          continue;
        }
        const done = args.action === 'replay' ? 'will be sent again' : 'is given up';
        stdout.write(asTable ? `line ${id} ${done}\n` : formatRows([{ id, action: args.action }]));
      }
      return code;
    }
  }

  function missing(id: number): number {
    stderr.write(`osquery-remote outbox: no line ${id} is in quarantine\n`);
    return 1;
  }
}
