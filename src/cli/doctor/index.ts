import { type CommandContext, runCommand } from '../command.ts';
import { UsageError } from '../server-options.ts';
import { clean, colorsFor } from '../terminal.ts';
import { OsquerydAway, openHost, type Surroundings } from './open-host.ts';
import { doctorUsage, readDoctorArguments } from './options.ts';
import { formatJson, formatSummary, formatText } from './report.ts';
import { runSteps } from './run-steps.ts';
import type { Level, Step } from './step.ts';
import { steps as allSteps } from './steps/index.ts';

/** `osquery-remote doctor`. @returns the exit code, as the usage lists them. */
export function run(argv: string[]): Promise<number> {
  return runCommand(examine, argv);
}

/** Goes through the steps, and prints what they find as they find it. @returns the exit code. */
export async function examine(
  argv: readonly string[],
  { stdout, stderr, stop }: CommandContext,
  around: Partial<Omit<Surroundings, 'signal'>> = {},
  steps: readonly Step[] = allSteps,
): Promise<number> {
  try {
    const args = readDoctorArguments(argv);
    if (args === undefined) {
      stdout.write(doctorUsage);
      return 0;
    }
    const { source, host } = await openHost(args, { env: process.env, ...around, signal: stop });
    const colors = colorsFor(stdout);
    const nameWidth = Math.max(...steps.map(({ name }) => name.length));
    const columns = stdout.isTTY && 'columns' in stdout ? Number(stdout.columns) || 80 : Infinity;
    const format = args.json ? formatJson : formatText(colors, nameWidth, columns);
    const counts: Record<Level, number> = { ok: 0, warning: 0, failure: 0, skipped: 0 };
    if (!args.json) stdout.write(`${colors.bold(clean(source))}\n\n`);
    for await (const reported of runSteps(steps, host)) {
      counts[reported.finding.level]++;
      stdout.write(format(reported));
    }
    if (stop.aborted) return 130;
    if (!args.json) stdout.write(formatSummary(colors, counts));
    return counts.failure > 0 ? 1 : 0;
  } catch (error) {
    if (stop.aborted) return 130;
    if (!(error instanceof UsageError || error instanceof OsquerydAway)) throw error;
    stderr.write(`osquery-remote doctor: ${clean(error.message, 400)}\n`);
    return error instanceof OsquerydAway ? 1 : 2;
  }
}
