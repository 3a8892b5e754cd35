import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeTransportPlan } from './transport-plan.ts';
import { isGoodTransport, transportReport } from './transport-report.ts';
import { runTransport } from './transport-run.ts';

const built = fileURLToPath(new URL('../../bin/osquery-remote.ext', import.meta.url));

describe.skipIf(!existsSync(built))('a short run with the extension that was built (npm run build)', () => {
  test('nothing is lost, doubled or fatal to osqueryd while everything behind the extension goes wrong', async () => {
    const plan = makeTransportPlan({ seed: 3, faults: 24, cheap: true });
    const times = { patienceMs: 20_000, settleMs: 1_000, limitMs: 60_000 };
    const result = await runTransport({ plan, extension: built, say: () => {}, ...times });
    const lines = transportReport(result);
    rmSync(result.directory, { recursive: true, force: true });
    expect(isGoodTransport(result), lines.join('\n')).toBe(true);
    expect(lines.at(-1)).toMatch(/^faults=24 lost=0 duplicated=0 exit78=0 ping_p99_ms=\d+\.\d$/);
  }, 120_000);
});
