import { systemClock } from '../clock/index.ts';
import { type CommandContext, runCommand } from './command.ts';
import { OperatorClient, OperatorError } from './operator-client.ts';
import { type QueryArguments, queryUsage, readQueryArguments } from './query-options.ts';
import { type FormatRows, formatJson, formatTable } from './query-output.ts';
import { UsageError } from './server-options.ts';
import { clean, colorsFor } from './terminal.ts';

/** How much longer than the query lives its stream may stay open. */
const graceMs = 10_000;

/** `osquery-remote query`. @returns the exit code, as the usage lists them. */
export function run(argv: string[]): Promise<number> {
  return runCommand(ask, argv);
}

/** Asks and prints until every node has answered, the time is over, or `stop`. @returns the exit code. */
export async function ask(argv: readonly string[], context: CommandContext): Promise<number> {
  const { stdout, stderr, stop } = context;
  try {
    const given = await readQueryArguments(argv);
    if (given === undefined) {
      stdout.write(queryUsage);
      return 0;
    }
    const format = given.json || stdout.isTTY !== true ? formatJson : formatTable(colorsFor(stdout));
    return await follow(given, format, context);
  } catch (error) {
    if (stop.aborted) return 130;
    if (!(error instanceof UsageError || error instanceof OperatorError)) throw error;
    stderr.write(`osquery-remote query: ${clean(error.message, 400)}\n`);
    return 2;
  }
}

async function follow(
  { sql, nodes, timeoutS, connection }: QueryArguments,
  format: FormatRows,
  { stdout, stderr, stop }: CommandContext,
): Promise<number> {
  const client = new OperatorClient(connection);
  const { id, nodes: asked } = await client.post(sql, nodes, timeoutS);
  if (asked.length === 0) {
    stderr.write('osquery-remote query: no node has enrolled yet\n');
    return 3;
  }
  const late = new AbortController();
  const done = new AbortController();
  systemClock.sleep(timeoutS * 1000 + graceMs, done.signal).then(
    () => late.abort(),
    () => {},
  );
  let failed = false;
  try {
    for await (const item of client.results(id, AbortSignal.any([stop, late.signal]))) {
      if (item.kind === 'end') {
        if (item.missing.length === 0) return failed ? 1 : 0;
        const names = item.missing.map((name) => clean(name, 80)).join(', ');
        stderr.write(`no answer from ${item.missing.length} of ${asked.length} nodes: ${names}\n`);
        return failed ? 1 : 3;
      }
      if (item.status === 0) stdout.write(format(item));
      else {
        failed = true;
        stderr.write(
          `${clean(item.node, 80)}: status ${item.status}: ${clean(item.message) || 'no message'}\n`,
        );
      }
    }
    throw new OperatorError('the server closed the connection before the query ended');
  } catch (error) {
    if (stop.aborted) await client.cancel(id).catch(() => {});
    throw error;
  } finally {
    done.abort();
  }
}
