import { existsSync, rmSync } from 'node:fs';
import { readArguments, usage } from './arguments.ts';
import { makePlan, makeThreadPlan } from './plan.ts';
import { isGood, report } from './report.ts';
import { type RunResult, run } from './run.ts';

/** Milliseconds without progress after which what is still missing counts as lost. */
const patienceMs = 45_000;
/** A restart takes a second, and a period of the logger another. */
const settleMs = 3_000;

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
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const threads = { seed: given.seed, kills: Math.ceil(given.kills / 5), lines: Math.ceil(given.lines / 10) };
  const parts = [
    { title: 'the extension is killed', plan: makePlan(given) },
    { title: 'only its transport thread is killed', plan: makeThreadPlan(threads) },
  ];
  const results: RunResult[] = [];
  for (const { title, plan } of parts) {
    const { seed, lines, kills, serverKills, threadKills } = plan;
    say(
      `${title}: seed=${seed} kills=${kills.length + threadKills.length} server kills=${serverKills.length} lines=${lines}`,
    );
    const { extension, verbose } = given;
    results.push(await run({ title, plan, extension, say: verbose ? say : () => {}, patienceMs, settleMs }));
  }
  const good = results.every(isGood);
  for (const { directory } of results) {
    if (good && !given.keep) rmSync(directory, { recursive: true, force: true });
    else say(`files of the run: ${directory}`);
  }
  say(`took ${((performance.now() - from) / 1000).toFixed(1)} s`);
  for (const line of report(results)) say(line);
  return good ? 0 : 1;
}
