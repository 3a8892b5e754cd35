import { parseArgs } from 'node:util';
import { systemClock } from '../clock/index.ts';
import { Bench, checks } from './checks/index.ts';
import { type CommandContext, runCommand } from './command.ts';
import {
  ExtensionMissing,
  type OsquerydProgram,
  realOsqueryd,
  standIn,
  UnusableOsqueryd,
} from './rig/index.ts';
import { firstSentence } from './server-options.ts';
import { type Colors, clean, colorsFor } from './terminal.ts';

const usage = `osquery-remote test-osqueryd: checks the extension against the osqueryd of this machine

  --stand-in  against the stand-in instead

OSQUERYD names the osqueryd; else it is looked for on the PATH. It gets files of its own in a temporary directory.
Ends with 0 when every check passed or there is no osqueryd, 1 when one failed or osqueryd cannot be used.
`;

/** Lines of osqueryd's output that are shown with a failure. */
const shownLines = 12;

/** `osquery-remote test-osqueryd`. @returns the exit code. */
export function run(argv: string[]): Promise<number> {
  return runCommand(test, argv);
}

/** @returns the exit code. */
export async function test(argv: readonly string[], context: CommandContext): Promise<number> {
  const { stdout, stderr } = context;
  try {
    const { help, 'stand-in': useStandIn } = parseArgs({
      args: [...argv],
      options: { 'stand-in': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
    if (help) {
      stdout.write(usage);
      return 0;
    }
    const program = useStandIn ? standIn() : await realOsqueryd();
    if (program === undefined) {
      stdout.write(`0 passed, 0 failed, ${checks.length} skipped (set OSQUERYD)\n`);
      return 0;
    }
    return await runChecks(program, context);
  } catch (error) {
    const isKnown = error instanceof UnusableOsqueryd || error instanceof ExtensionMissing;
    const isUsage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
    if (!isKnown && !isUsage) throw error;
    stderr.write(`osquery-remote test-osqueryd: ${firstSentence(error)}\n`);
    return isUsage ? 2 : 1;
  }
}

async function runChecks(program: OsquerydProgram, { stdout, stop }: CommandContext): Promise<number> {
  const colors = colorsFor(stdout);
  stdout.write(`Against ${program.label}\n`);
  const bench = await Bench.open(program);
  const interrupted = aborted(stop);
  let passed = 0;
  let failed = 0;
  try {
    for (const check of checks) {
      if (stop.aborted) break;
      const started = systemClock.monotonic();
      const printed = bench.output.length;
      const reason = await Promise.race([check.run(bench).then(() => undefined, textOf), interrupted]);
      if (stop.aborted) break;
      const seconds = ((systemClock.monotonic() - started) / 1000).toFixed(1);
      if (reason === undefined) {
        passed++;
        stdout.write(`${colors.green('✓')} ${check.name} ${colors.dim(`(${seconds} s)`)}\n`);
      } else {
        failed++;
        stdout.write(
          `${colors.red('✗')} ${check.name} ${colors.dim(`(${seconds} s)`)}\n    ${clean(reason, 500)}\n`,
        );
        stdout.write(outputOf(bench, printed, colors));
      }
    }
  } finally {
    await bench.close();
  }
  const skipped = checks.length - passed - failed;
  stdout.write(
    `${passed} passed, ${failed} failed, ${skipped} skipped${stop.aborted ? ' (interrupted)' : ''}\n`,
  );
  return stop.aborted ? 130 : failed > 0 ? 1 : 0;
}

/** The last that osqueryd and the extension said, without the secret. */
function outputOf(bench: Bench, from: number, colors: Colors): string {
  const lines = bench.output.slice(from).slice(-shownLines);
  const shown = lines.map((line) => clean(line.replaceAll(bench.rig.secret, '******'), 200));
  return shown.map((line) => `    ${colors.dim(line)}\n`).join('');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('interrupted');
    else signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
}
