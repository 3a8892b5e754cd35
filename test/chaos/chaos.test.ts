import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePlan } from './plan.ts';
import { isGood, report } from './report.ts';
import { type RunResult, run } from './run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'bin', 'osquery-remote.ext');

const results: RunResult[] = [];

async function play(
  extension: string,
  given: { seed: number; kills: number; lines: number },
  patienceMs: number,
  { env = {}, cap = 0 }: { readonly env?: NodeJS.ProcessEnv; readonly cap?: number } = {},
) {
  const timing = { patienceMs, settleMs: 2_000 };
  const result = await run({
    title: 'short',
    plan: { ...makePlan(given), doubtful: cap === 0 ? 0 : Math.ceil(given.lines / 50) },
    extension,
    env,
    flags: cap === 0 ? {} : { buffered_log_max: String(cap) },
    say: () => {},
    ...timing,
  });
  results.push(result);
  return { result, lines: report([result]), summary: report([result]).at(-1) ?? '' };
}

afterAll(() => {
  for (const { directory } of results.splice(0)) rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(!existsSync(built))('a short run with the extension that was built (npm run build)', () => {
  test('nothing is lost, doubled or fatal to osqueryd while extension and server are killed', async () => {
    const { result, lines, summary } = await play(built, { seed: 5, kills: 5, lines: 2500 }, 20_000);
    expect(isGood(result), lines.join('\n')).toBe(true);
    expect(summary).toMatch(
      /^accepted=\d+ delivered=\d+ dropped=0 quarantined=\d+ unanswered=\d+ lost=0 duplicated=0 exit78=0$/,
    );
  }, 120_000);

  test('lines that a cap drops meanwhile are all reported', async () => {
    const given = { seed: 7, kills: 3, lines: 1500 };
    // Losses are reported once a minute at the least.
    const { result, lines, summary } = await play(built, given, 80_000, { cap: 100 });
    expect(isGood(result), lines.join('\n')).toBe(true);
    expect(summary).toMatch(/ dropped=[1-9]\d+ .* lost=0 duplicated=0 exit78=0$/);
  }, 150_000);
});

describe('the driver itself, with a small extension that can be told to do wrong', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chaos-small-'));
  const small = join(directory, 'small.ext');
  const given = { seed: 1, kills: 0, lines: 250 };

  beforeAll(() => {
    const loader = join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs');
    const script = fileURLToPath(new URL('support/small-extension.ts', import.meta.url));
    writeFileSync(small, `#!/bin/sh\nexec '${process.execPath}' --import '${loader}' '${script}' "$@"\n`);
    chmodSync(small, 0o755);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const wrongs: [fault: string, what: string, finds: (result: RunResult) => readonly unknown[]][] = [
    ['lose', 'a line that is lost', ({ verdict }) => verdict.lost],
    ['double', 'a line that is doubled', ({ verdict }) => verdict.duplicated],
    ['shuffle', 'lines out of order', ({ verdict }) => verdict.reordered],
    ['spoil', 'a line that is not the same any more', ({ violations }) => violations],
    ['refuse', 'an answer that ends osqueryd', ({ exit78 }) => exit78],
  ];

  test.concurrent('is content with one that does right', async () => {
    const { result, lines } = await play(small, { ...given, kills: 2 }, 10_000);
    expect(isGood(result), lines.join('\n')).toBe(true);
  }, 60_000);

  test.concurrent.each(wrongs)(
    '%s: sees %s',
    async (fault, _what, finds) => {
      const { result, lines } = await play(small, given, 3_000, { env: { CHAOS_FAULT: fault } });
      expect(isGood(result)).toBe(false);
      expect(finds(result).length, lines.join('\n')).toBeGreaterThan(0);
    },
    60_000,
  );
});
