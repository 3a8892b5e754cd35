import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DoctorBench } from '../cli/doctor-bench.ts';
import { RealHost } from '../disk/support/real-host.ts';
import { command, ensureBuilt } from '../package/build.ts';
import { canaries } from './support/canaries.ts';
import { tracesIn } from './support/forms.ts';
import { KnowingServer } from './support/knowing-server.ts';
import { quoting } from './support/quoting.ts';
import { QuotingProxy } from './support/quoting-proxy.ts';

beforeAll(ensureBuilt, 120_000);

/** Runs the command that is shipped. @returns what it printed, and its exit code at the end */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], ...env } };
    execFile(process.execPath, [command, ...args], options, (error, stdout, stderr) => {
      resolve(`${stdout}${stderr}code ${error?.code ?? 0}\n`);
    });
  });
}

describe('the doctor shows no secret', () => {
  let proxy: QuotingProxy;
  let bench: DoctorBench;
  let server: KnowingServer;
  beforeEach(async () => {
    server = new KnowingServer();
    proxy = await QuotingProxy.start();
    bench = await DoctorBench.create({ intercept: server.intercept });
    bench.write('secret', `${canaries.secret}\n`, 0o600);
  });
  afterEach(async () => {
    await bench.close();
    await proxy[Symbol.asyncDispose]();
  });

  function enroll(...args: readonly string[]): Promise<string> {
    const flags = {
      proxy_hostname: `me:${canaries.password}@127.0.0.1:${proxy.port}`,
      tls_secret_always: 'true',
      tls_dump: 'true',
    };
    return run(['doctor', '--enroll', '--flagfile', bench.flagFile(flags), ...args]);
  }

  test.each([
    ['a refusal of the content that quotes it', []],
    ['an error of a server in Go', ['--json']],
  ])('when it enrolls, and then gets %s', async (name, args) => {
    server.answer = (endpoint, request) => (endpoint === 'enroll' ? undefined : quoting[name]?.(request));
    const text = await enroll(...args);
    expect(tracesIn(text)).toEqual([]);
    expect(text).toMatch(/config\W.*<hidden>/);
    for (const value of [canaries.nodeKey, JSON.stringify(canaries.secret)]) {
      expect(server.heard).toContain(value);
    }
  });

  test('when the server refuses the secret, and quotes it', async () => {
    server.answer = (_, request) => quoting['a refusal of the content that quotes it']?.(request);
    const text = await enroll();
    expect(tracesIn(text)).toEqual([]);
    expect(text).toMatch(/enroll .*HTTP 400: .*<hidden>/);
  });

  test('when the proxy refuses the password, and quotes it', async () => {
    proxy.refusals = Infinity;
    const text = await enroll();
    expect(tracesIn(text)).toEqual([]);
    expect(text).toContain('refuses the name or password of --proxy_hostname (407)');
  });
});

/** Most of the time of these is spent waiting. */
const together = { timeout: 60_000, concurrent: true };

test('the doctor that takes the key of a running osqueryd does not show it', together, async ({ expect }) => {
  const server = new KnowingServer();
  await using host = await RealHost.start({ server, secret: canaries.secret });
  server.answer = (_, { body }) => ({
    status: 500,
    body: JSON.stringify({ error: `no: ${Buffer.from(body)}` }),
  });
  const text = await run(['doctor', '--socket', join(host.dir, 'osq.em')]);
  expect(text).toContain("the one in osquery's database");
  expect(text).toMatch(/config .*<hidden>/);
  expect(tracesIn(text)).toEqual([]);
});

/** Writes down what it sends, and complains of the first log with the key. */
const complaining = `
  import { appendFileSync } from 'node:fs';
  let complained = false;
  export default { attempt(request, next) {
    appendFileSync(new URL('sent', import.meta.url), request.body + '\\n');
    if (request.endpoint !== 'log' || complained) return next(request);
    complained = true;
    throw new Error('cannot send with ' + /"node_key":"[^"]+"/.exec(request.body));
  } };`;

test('the demo shows neither its enroll secret nor a node key', together, async ({ expect }) => {
  const dir = mkdtempSync(join(tmpdir(), 'demo-'));
  try {
    const path = join(dir, 'module.mjs');
    writeFileSync(path, complaining, { mode: 0o600 });
    const text = await run(['demo', '--once', '--stand-in'], { TMPDIR: dir, OSQUERY_REMOTE_TRANSPORT: path });
    expect(text).toMatch(/complete: enrolled[\s\S]*code 0\n$/);
    expect(text).toMatch(/extension .*cannot send with "node_key":"<hidden>"/);
    const sent = readFileSync(join(dir, 'sent'), 'utf8');
    const secrets = ['enroll_secret', 'node_key'].flatMap((name) =>
      [...sent.matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g'))].map(([, value = '']) => value),
    );
    expect(new Set(secrets).size).toBe(2);
    const base64 = secrets.map((value) => Buffer.from(value).toString('base64').replace(/=+$/, ''));
    expect([...secrets, ...base64].filter((value) => text.includes(value))).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
