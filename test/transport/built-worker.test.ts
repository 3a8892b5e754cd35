import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inWorker } from '../../src/plugins/transport/index.ts';
import { Bench } from './bench.ts';

/** The transport thread as JavaScript, in a place where no package is found: as on a host without `tsx`. */
let dist: string;
let bench: Bench;

beforeAll(async () => {
  bench = await Bench.create();
  dist = mkdtempSync(join(tmpdir(), 'transport-built-'));
  const source = (name: string) =>
    fileURLToPath(new URL(`../../src/plugins/transport/${name}.ts`, import.meta.url));
  await build({
    entryPoints: [source('worker'), source('index')],
    outdir: dist,
    bundle: true,
    platform: 'node',
    format: 'esm',
    splitting: true,
    banner: {
      js: "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);",
    },
  });
  writeFileSync(join(dist, 'package.json'), '{"type":"module"}');
});
afterAll(() => {
  bench.remove();
  rmSync(dist, { recursive: true, force: true });
});

const typescript = `import { defineTransport, type AttemptMiddleware } from 'osquery-remote';
const attempt: AttemptMiddleware = (request, next) => {
  request.headers.set('X-Site', 'berlin');
  return next(request);
};
export default defineTransport({ attempt });`;

async function configWith(module: string) {
  const spawn = inWorker({ module, entry: pathToFileURL(join(dist, 'worker.js')) });
  await using talk = await bench.start(() => ({ status: 200, body: '{"a":1}' }), {
    spawn,
    change: { configAttempts: 1 },
  });
  return { outcome: (await talk.config()).outcome, site: talk.server.seen[0]?.headers['x-site'] };
}

describe('a built transport thread', () => {
  test('loads JavaScript', async () => {
    const module = join(dist, 'transport.mjs');
    writeFileSync(
      module,
      typescript.replace(', type AttemptMiddleware', '').replace(': AttemptMiddleware', ''),
    );
    expect(await configWith(module)).toMatchObject({ outcome: { kind: 'delivered' }, site: 'berlin' });
  });

  test.skipIf('typescript' in process.features)('says what to do about TypeScript', async () => {
    const module = join(dist, 'transport.ts');
    writeFileSync(module, typescript);
    const { outcome } = await configWith(module);
    expect(outcome).toEqual({
      kind: 'retry',
      reason: `settings: OSQUERY_REMOTE_TRANSPORT=${module}: Node ${process.versions.node} does not read TypeScript by itself: install tsx beside it (npm install tsx), or turn it into JavaScript (npx esbuild transport.ts --bundle --packages=external --platform=node --format=esm --outfile=transport.mjs) and name that`,
    });
  });

  test('loads TypeScript with the tsx that lies beside it', async () => {
    const folder = join(dist, 'with-tsx');
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    const tsx = dirname(fileURLToPath(import.meta.resolve('tsx/package.json')));
    symlinkSync(tsx, join(folder, 'node_modules', 'tsx'));
    const module = join(folder, 'transport.ts');
    writeFileSync(module, typescript);
    expect(await configWith(module)).toMatchObject({ outcome: { kind: 'delivered' }, site: 'berlin' });
  });
});
