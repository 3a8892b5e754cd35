import type { Host } from './host.ts';
import { type Finding, failure, type Step, skipped } from './step.ts';

export interface Reported {
  readonly step: string;
  readonly finding: Finding;
}

/** Runs the steps in order, and gives their findings as they come. */
export async function* runSteps(steps: readonly Step[], host: Host): AsyncGenerator<Reported> {
  const unusable = new Set<string>();
  for (const step of steps) {
    if (host.signal.aborted) return;
    const missing = step.needs.filter((name) => unusable.has(name));
    const findings =
      missing.length > 0
        ? [skipped(`not tried: first ${missing.join(' and ')} must be in order`)]
        : await check(step, host);
    if (findings.some(({ level }) => level === 'failure' || level === 'skipped')) unusable.add(step.name);
    for (const finding of findings) yield { step: step.name, finding };
  }
}

async function check(step: Step, host: Host): Promise<readonly Finding[]> {
  try {
    return await step.check(host);
  } catch (error) {
    return [failure(`cannot be checked: ${error instanceof Error ? error.message : String(error)}`)];
  }
}
