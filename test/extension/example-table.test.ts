import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ExtensionManager } from '../../src/extension/index.ts';
import { StandInOsqueryd } from '../../src/testing/osqueryd/index.ts';
import { bundle, launcher, removeBundle, temporaryDirectory } from './support/processes.ts';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'examples', 'table.ts');
const built = existsSync(join(root, 'dist', 'extension', 'index.js'));
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Lets osqueryd load the example, and asks what its table holds. */
async function query(args: readonly string[]) {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'osquery.conf'), '{}');
  const standIn = new StandInOsqueryd({
    argv: [
      `--extensions_socket=${directory}/osq.em`,
      `--config_path=${directory}/osquery.conf`,
      '--disable_logging=true',
      '--extensions_timeout=20',
      '--extensions_interval=0',
      `--extension=${launcher(directory, args)}`,
    ],
    print: () => {},
  });
  ends.push(() => standIn.stop());
  // osqueryd knows the table before the extension listens: that it answers is when it can be queried.
  const registered = standIn.next(({ kind }) => kind === 'registered');
  const answering = standIn.next((event) => event.kind === 'ping' && event.status.code === 0);
  standIn.start();
  expect(await registered).toMatchObject({ name: 'node-memory', status: { code: 0 } });
  await answering;
  return new ExtensionManager(`${directory}/osq.em`);
}

async function expectTable(manager: ExtensionManager): Promise<void> {
  const rows = await manager.query('SELECT * FROM node_memory ORDER BY kind');
  expect(rows.map(({ kind }) => kind)).toEqual(['arrayBuffers', 'external', 'heapTotal', 'heapUsed', 'rss']);
  const [rss] = await manager.query(
    "SELECT bytes > 1000000 AS large, share < 1 AS part FROM node_memory WHERE kind = 'rss'",
  );
  expect(rss).toEqual({ large: '1', part: '1' });
  expect(await manager.getQueryColumns('SELECT * FROM node_memory')).toEqual([
    { name: 'kind', type: 'TEXT' },
    { name: 'bytes', type: 'BIGINT' },
    { name: 'share', type: 'DOUBLE' },
  ]);
}

test('the example is short enough to be read at a glance', () => {
  expect(readFileSync(example, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test('examples/table.ts is a table that osqueryd can query', async () => {
  const file = await bundle('examples/table.ts');
  ends.push(() => removeBundle(file));
  await expectTable(await query([file]));
});

test.skipIf(!built)(
  `examples/table.ts as a user runs it, with the built package${built ? '' : ' (left out: dist/ is not built)'}`,
  async () => {
    // The loader is named by its URL: osqueryd may start it in any directory.
    const tsx = import.meta.resolve('tsx');
    await expectTable(await query(['--import', tsx, example]));
  },
);
