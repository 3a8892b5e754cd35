import { afterAll, beforeAll, describe, test } from 'vitest';
import { Bench, checks } from '../../src/cli/checks/index.ts';
import { standIn } from '../../src/cli/rig/index.ts';
import { ensureBuilt } from '../package/build.ts';

/** `npm run test:osqueryd` runs the same against a real one. */
describe('extension, server and the stand-in for osqueryd, as processes', () => {
  let bench: Bench;

  beforeAll(async () => {
    await ensureBuilt();
    bench = await Bench.open(standIn());
  }, 60_000);

  afterAll(() => bench?.close(), 60_000);

  for (const { name, run } of checks) test(name, { timeout: 180_000 }, () => run(bench));
});
