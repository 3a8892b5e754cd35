import { existsSync, rmSync } from 'node:fs';
import { readArguments, usage } from './arguments.ts';
import { makePlan } from './plan.ts';
import { isGood, report } from './report.ts';
import { run } from './run.ts';

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
  const plan = makePlan(given);
  say(
    `seed=${plan.seed} kills=${plan.kills.length} server kills=${plan.serverKills.length} lines=${plan.lines}`,
  );
  const result = await run({
    plan,
    extension: given.extension,
    say: given.verbose ? say : () => {},
    patienceMs,
    settleMs,
  });
  const good = isGood(result);
  if (good && !given.keep) rmSync(result.directory, { recursive: true, force: true });
  else say(`files of the run: ${result.directory}`);
  say(`took ${((performance.now() - from) / 1000).toFixed(1)} s`);
  for (const line of report(result)) say(line);
  return good ? 0 : 1;
}
