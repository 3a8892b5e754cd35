import { type Clock, systemClock } from '../clock/index.ts';
import { type CommandContext, runCommand } from './command.ts';
import { demoConfig } from './demo/config.ts';
import { DemoLog } from './demo/log.ts';
import { after, allSteps, describeMissing, type Step } from './demo/progress.ts';
import { type DemoArguments, demoUsage, readDemoArguments } from './demo-options.ts';
import { formatTable } from './query-output.ts';
import {
  ExtensionMissing,
  type OsquerydEnd,
  type OsquerydProgram,
  Rig,
  realOsqueryd,
  standIn,
  UnusableOsqueryd,
} from './rig/index.ts';
import { UsageError } from './server-options.ts';
import { colorsFor } from './terminal.ts';

/** How long `--once` waits. With the 18 s that it may take to end osqueryd that stays below a minute. */
const patienceMs = 38_000;

/** `osquery-remote demo`. @returns the exit code. */
export async function run(argv: string[]): Promise<number> {
  return runCommand(async (given, context) => {
    const hangup = new AbortController();
    const onHangup = () => hangup.abort();
    // A terminal that is closed; npm, which ends its child so.
    process.on('SIGHUP', onHangup);
    try {
      return await demo(given, { ...context, stop: AbortSignal.any([context.stop, hangup.signal]) });
    } finally {
      process.off('SIGHUP', onHangup);
    }
  }, argv);
}

/** Runs until `stop`, or until there is nothing more to wait for. @returns the exit code. */
export async function demo(
  argv: readonly string[],
  context: CommandContext,
  clock: Clock = systemClock,
): Promise<number> {
  const { stdout, stderr } = context;
  try {
    const given = readDemoArguments(argv);
    if (given === undefined) {
      stdout.write(demoUsage);
      return 0;
    }
    const program = given.standIn ? standIn() : ((await realOsqueryd()) ?? standIn());
    return await play(given, program, context, clock);
  } catch (error) {
    const isKnown =
      error instanceof UsageError || error instanceof UnusableOsqueryd || error instanceof ExtensionMissing;
    if (!isKnown) throw error;
    const advice = error instanceof UnusableOsqueryd ? '; --stand-in goes without' : '';
    stderr.write(`osquery-remote demo: ${error.message}${advice}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Why the demo came to its end. */
type End = 'stopped' | 'complete' | 'late' | OsquerydEnd;

async function play(
  { once, sql }: DemoArguments,
  program: OsquerydProgram,
  { stdout, stop }: CommandContext,
  clock: Clock,
): Promise<number> {
  const secrets: string[] = [];
  const colors = colorsFor(stdout);
  const log = new DemoLog(colors, secrets, () => clock.now());
  const show = (text: string) => void stdout.write(text);
  const rig = await Rig.open({
    program,
    config: demoConfig,
    onOutput: (line) => show(log.output(line)),
    onLines: (accepted) => log.lines(accepted),
  });
  secrets.push(rig.secret);
  const done = new AbortController();
  let steps = allSteps;
  try {
    const complete = follow();
    show(log.note('green', `${program.label}; files in ${rig.directory}`));
    const osqueryd = await rig.startOsqueryd();
    show(log.note('green', `osqueryd runs, pid ${osqueryd.pid}, and loads the extension`));
    if (!once) show(log.note('dim', 'Ctrl-C ends it all'));
    const ends: Promise<End>[] = [osqueryd.exited, stopped(stop)];
    if (once) ends.push(complete, late(clock, done.signal));
    return await finish(await Promise.race(ends));
  } finally {
    done.abort();
    await rig.close();
  }

  /** Shows what happens, asks our query when there is somebody to ask. Resolves when every step was seen. */
  function follow(): Promise<'complete'> {
    return new Promise((resolve) => {
      let query: string | undefined;
      const look = (event: Parameters<DemoLog['event']>[0]) => {
        show(log.event(event));
        steps = after(steps, event, query);
        if (steps.length === 0) resolve('complete');
        if (event.kind !== 'enrolled' || query !== undefined) return;
        query = '';
        void ask().catch((error: unknown) => show(log.note('red', `the query failed: ${String(error)}`)));
      };
      const ask = async () => {
        query = await rig.server.query(sql);
        const table = formatTable(colors);
        for await (const item of rig.server.results(query, done.signal)) {
          if (item.kind === 'result' && item.status === 0) show(log.block(table(item)));
        }
      };
      for (const event of rig.server.events.seen) look(event);
      rig.server.events.subscribe(look);
    });
  }

  async function finish(end: End): Promise<number> {
    show(log.note('dim', 'ending osqueryd, extension and server'));
    const { orphans } = await rig.osqueryd.stop();
    for (const { pid, command } of orphans) {
      show(log.note('red', `had to be killed, as it did not end by itself: ${pid} ${command}`));
    }
    const { code, text } = verdict(end, steps, once);
    if (text !== undefined) show(log.note(code === 0 ? 'green' : 'red', text));
    return orphans.length > 0 ? 1 : code;
  }
}

/** @returns the exit code, and what to say about it. */
export function verdict(
  end: End,
  missing: readonly Step[],
  once: boolean,
): { readonly code: number; readonly text?: string } {
  if (end === 'complete')
    return { code: 0, text: 'complete: enrolled, configured, results and status delivered, query answered' };
  if (end === 'stopped') return { code: once ? 130 : 0 };
  const rest = describeMissing(missing);
  if (end === 'late') return { code: 1, text: `not complete after ${patienceMs / 1000} s: ${rest}` };
  const how = end.signal === null ? `with exit code ${end.code}` : `by ${end.signal}`;
  return { code: 1, text: `osqueryd ended ${how}${rest === '' ? '' : `; ${rest}`}` };
}

function stopped(signal: AbortSignal): Promise<'stopped'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('stopped');
    else signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
}

function late(clock: Clock, signal: AbortSignal): Promise<'late'> {
  return clock.sleep(patienceMs, signal).then(
    () => 'late',
    () => 'late',
  );
}
