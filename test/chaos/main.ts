import { existsSync, rmSync } from 'node:fs';
import { type Arguments, readArguments, usage } from './arguments.ts';
import { makePlan, makeThreadPlan } from './plan.ts';
import { isGood, report } from './report.ts';
import { type RunResult, run } from './run.ts';
import { makeTransportPlan } from './transport-plan.ts';
import { isGoodTransport, transportReport } from './transport-report.ts';
import { runTransport } from './transport-run.ts';

/** Milliseconds without progress after which what is still missing counts as lost. */
const patienceMs = 45_000;
/** A restart takes a second, and a period of the logger another. */
const settleMs = 3_000;
/** For all faults of the transport; what waits then goes out in a few seconds, and 15 minutes are the limit of it all. */
const transportLimitMs = 12 * 60_000;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let given: ReturnType<typeof readArguments>;
  try {
    given = readArguments(argv);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }
  if (given === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  if (!existsSync(given.extension)) {
    process.stderr.write(`${given.extension} is not there: npm run build\n`);
    return 2;
  }
  const from = performance.now();
  const { good, directories, lines } = await (given.transport ? playTransport(given) : playKills(given));
  for (const directory of directories) {
    if (good && !given.keep) rmSync(directory, { recursive: true, force: true });
    else say(`files of the run: ${directory}`);
  }
  say(`took ${((performance.now() - from) / 1000).toFixed(1)} s`);
  for (const line of lines) say(line);
  return good ? 0 : 1;
}

interface Played {
  readonly good: boolean;
  readonly directories: readonly string[];
  /** The last one is for programs. */
  readonly lines: readonly string[];
}

async function playKills({ extension, verbose, seed, cap, ...given }: Arguments): Promise<Played> {
  const threads = { seed, kills: Math.ceil(given.kills / 5), lines: Math.ceil(given.lines / 10) };
  const parts = [
    { title: 'the extension is killed', plan: makePlan({ ...given, seed }) },
    { title: 'only its transport thread is killed', plan: makeThreadPlan(threads) },
  ];
  const results: RunResult[] = [];
  for (const { title, plan } of parts) {
    const { lines, kills, serverKills, threadKills } = plan;
    say(
      `${title}: seed=${seed} kills=${kills.length + threadKills.length} server kills=${serverKills.length} lines=${lines}`,
    );
    const flags = cap === 0 ? {} : { buffered_log_max: String(cap) };
    // Losses of one kind are reported once a minute.
    const patience = cap === 0 ? patienceMs : patienceMs + 60_000;
    results.push(
      await run({
        title,
        plan: cap === 0 ? plan : { ...plan, doubtful: Math.ceil(plan.lines / 50) },
        extension,
        flags,
        say: verbose ? say : () => {},
        patienceMs: patience,
        settleMs,
      }),
    );
  }
  const directories = results.map(({ directory }) => directory);
  return { good: results.every(isGood), directories, lines: report(results) };
}

async function playTransport({ extension, verbose, seed, faults }: Arguments): Promise<Played> {
  say(`everything between the extension and the server goes wrong: seed=${seed} faults=${faults}`);
  const plan = makeTransportPlan({ seed, faults });
  const result = await runTransport({
    plan,
    extension,
    say: verbose ? say : () => {},
    patienceMs,
    settleMs,
    limitMs: transportLimitMs,
  });
  return {
    good: isGoodTransport(result),
    directories: [result.directory],
    lines: transportReport(result),
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
