import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWorker } from '../../src/plugins/transport/index.ts';
import { Bench } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

let count = 0;

/** A module in a directory of its own. */
function moduleWith(text: string, name = 'transport.mjs'): string {
  const folder = bench.path(`module-${++count}`);
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(join(folder, name), text, { mode: 0o644 });
  return join(folder, name);
}

const start = (module: string) =>
  bench.start(() => ({ status: 200, body: '{"a":1}' }), {
    spawn: inWorker({ module }),
    change: { configAttempts: 1 },
  });

test.each([
  ['export const attempt = 1;', 'it has no default export: export default defineTransport({ … })'],
  ['export default () => {};', 'its default export is a function, not an object'],
  ['export default null;', 'its default export is null, not an object'],
  [
    'export default { attemp() {} };',
    'its default export has an unknown member attemp: there are call, attempt, send, secret, nodeKey, line',
  ],
  [
    'export default { attempt: 5 };',
    'attempt must be a function, an object with a function per endpoint, or a list of these',
  ],
  [
    'export default { call: { logs() {} } };',
    'call must be a function, an object with a function per endpoint, or a list of these',
  ],
  [
    'export default { nodeKey: { load() {} } };',
    'nodeKey must be an object with the functions load and store',
  ],
  ['throw new Error("no luck\\nat all");', 'it failed to load: no luck'],
  ['export default {;', "it failed to load: Unexpected token ';'"],
  [
    'import "no-such-package"; export default {};',
    /it failed to load: Cannot find package 'no-such-package'/,
  ],
])('%s: one line says what is wrong, and calls are to come again', async (text, why) => {
  const module = moduleWith(text);
  await using talk = await start(module);
  const { outcome, attempts } = await talk.config();
  expect({ kind: outcome.kind, attempts }).toEqual({ kind: 'retry', attempts: 0 });
  expect(
    outcome.kind === 'retry' && outcome.reason.startsWith(`settings: OSQUERY_REMOTE_TRANSPORT=${module}: `),
  ).toBe(true);
  expect(talk.logged.length).toBe(1);
  expect(talk.logged[0]).toMatch(/^error settings: /);
  expect(talk.logged[0]?.split(`${module}: `)[1]).toEqual(
    typeof why === 'string' ? why : expect.stringMatching(why),
  );
  expect((await talk.log(['{}'])).outcome.kind).toBe('retry');
  expect(talk.logged.length).toBe(1);
  expect(talk.server.seen).toEqual([]);
});

test('a module whose top level waits for ever is given up after 15 s', async () => {
  await using talk = await start(
    moduleWith('await new Promise(() => setInterval(() => {}, 1e6)); export default {};'),
  );
  const reply = talk.config();
  await talk.clock.sleeping(15_000);
  await talk.clock.advance(15_000);
  const reason = 'settings: the transport module has not finished loading after 15 s';
  expect((await reply).outcome).toEqual({ kind: 'retry', reason });
  expect(talk.logged).toEqual([`error ${reason}`]);
});

test('a broken module is tried again every minute, and used when it has been mended', async () => {
  const module = moduleWith('throw new Error("not yet");');
  await using talk = await start(module);
  expect((await talk.config()).outcome.kind).toBe('retry');
  await talk.clock.advance(60_000);
  expect((await talk.config()).outcome.kind).toBe('retry');
  // Said once only.
  expect(talk.logged.length).toBe(1);
  writeFileSync(
    module,
    'export default { attempt: (r, next) => { r.headers.set("X-Mended", "yes"); return next(r); } };',
  );
  await talk.clock.advance(60_000);
  expect((await talk.config()).outcome.kind).toBe('delivered');
  expect(talk.server.seen.at(-1)?.headers['x-mended']).toBe('yes');
});

test('a module that others could have written is not loaded', async () => {
  const module = moduleWith('export default {};');
  chmodSync(module, 0o666);
  await using talk = await start(module);
  expect((await talk.config()).outcome).toEqual({
    kind: 'retry',
    reason: `settings: OSQUERY_REMOTE_TRANSPORT=${module}: ${module} can be written by others: chmod go-w ${module}`,
  });
});

test('JavaScript far from any package finds osquery-remote, and needs no defineTransport', async () => {
  const text = `import { answer } from 'osquery-remote';
    export default { attempt: { config: () => answer(200, { schedule: {} }) } };`;
  await using talk = await start(moduleWith(text));
  const { outcome } = await talk.config();
  expect(outcome.kind === 'delivered' && Buffer.from(outcome.body).toString()).toBe('{"schedule":{}}');
  expect(talk.server.seen).toEqual([]);
});

test('CommonJS is taken too', async () => {
  await using talk = await start(
    moduleWith(
      'module.exports = { attempt: () => ({ status: 200, body: \'{"schedule":{}}\' }) };',
      'transport.cjs',
    ),
  );
  expect((await talk.config()).outcome.kind).toBe('delivered');
});

test('TypeScript with types that Node could not run', async () => {
  const text = `import { defineTransport, type Line } from 'osquery-remote';
    const keep = (line: Line): Line => line;
    export default defineTransport({ line: keep });`;
  await using talk = await start(moduleWith(text, 'transport.ts'));
  expect((await talk.log(['{}'])).outcome.kind).toBe('delivered');
});
