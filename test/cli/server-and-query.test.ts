import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../../src/cli/query.ts';
import { serve } from '../../src/cli/server.ts';
import { CertificateAuthority, type ReferenceServer } from '../../src/server/index.ts';
import { send } from '../server/support/client.ts';

/** Collects what a command prints, and tells when a text has come. */
class Screen {
  text = '';
  readonly isTTY: boolean;
  #waiting: { wanted: string; resolve: () => void }[] = [];

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
    for (const { wanted, resolve } of this.#waiting) if (this.text.includes(wanted)) resolve();
  }

  shows(wanted: string): Promise<void> {
    if (this.text.includes(wanted)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }
}

let directory: string;
const running: { stop: AbortController; code: Promise<number> }[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'osquery-remote-test-'));
});

afterEach(async () => {
  for (const { stop, code } of running.splice(0)) {
    stop.abort();
    await code;
  }
  await rm(directory, { recursive: true, force: true });
});

function start(command: typeof serve, argv: string[], isTTY = false) {
  const stdout = new Screen(isTTY);
  const stderr = new Screen(isTTY);
  const stop = new AbortController();
  const code = command(argv, { stdout, stderr, stop: stop.signal });
  running.push({ stop, code });
  return { stdout, stderr, stop, code };
}

async function startServer() {
  const server = start(serve, ['--port', '0', '--data-dir', directory]);
  await Promise.race([server.stdout.shows('listening'), server.code]);
  const { url } = JSON.parse(await readFile(join(directory, 'server.json'), 'utf8'));
  const target = { url, caFile: join(directory, 'ca.pem') } as ReferenceServer;
  const secret = (await readFile(join(directory, 'enroll-secret'), 'utf8')).trim();
  const enroll = async (host: string): Promise<string> => {
    const { json } = await send(target, '/enroll', { enroll_secret: secret, host_identifier: host });
    return (json as { node_key: string }).node_key;
  };
  const answer = async (node_key: string, rows: object[], status = 0, message = '') => {
    const { json } = await send(target, '/distributed_read', { node_key });
    const [id = ''] = Object.keys((json as { queries: object }).queries);
    const write = {
      node_key,
      queries: { [id]: rows },
      statuses: { [id]: status },
      messages: { [id]: message },
    };
    await send(target, '/distributed_write', write);
  };
  return { ...server, target, secret, enroll, answer };
}

test('the server says how to connect, logs what happens, and ends with 0 when it is told to', async () => {
  const { stdout, stop, code, secret, enroll, target } = await startServer();
  expect(stdout.text).toContain(`--tls_hostname=${target.url.slice('https://'.length)}`);
  expect(stdout.text).toContain(`--tls_server_certs=${join(directory, 'ca.pem')}`);
  expect(stdout.text).toContain(`--enroll_secret_path=${join(directory, 'enroll-secret')}`);
  expect((await stat(join(directory, 'enroll-secret'))).mode & 0o777).toBe(0o600);
  const key = await enroll('host-\u001b[31m1');
  await send(target, '/log', { node_key: key, log_type: 'result', data: [1, 2] });
  await stdout.shows('2 result lines');
  stop.abort();
  expect(await code).toBe(0);
  expect(stdout.text).not.toContain(secret);
  expect(stdout.text).not.toContain(key);
  // Neither colours, without a terminal, nor what a client tries to do to one.
  expect(stdout.text).not.toContain('\u001b');
});

test('rows of all nodes are printed as JSON when nobody looks, in the order in which they come', async () => {
  const { stdout: log, enroll, answer } = await startServer();
  const one = await enroll('host-1');
  const two = await enroll('host-2');
  const query = start(ask, ['--data-dir', directory, 'SELECT x']);
  await log.shows('SELECT x');
  await answer(two, [{ x: '2' }, { x: '3' }]);
  await query.stdout.shows('"3"');
  await answer(one, [{ x: '1' }]);
  expect(await query.code).toBe(0);
  expect(
    query.stdout.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { node: 'host-2', row: { x: '2' } },
    { node: 'host-2', row: { x: '3' } },
    { node: 'host-1', row: { x: '1' } },
  ]);
  expect(query.stderr.text).toBe('');
});

test('on a terminal rows come as a table', async () => {
  const { stdout: log, enroll, answer } = await startServer();
  const node = await enroll('host-1');
  const query = start(ask, ['--data-dir', directory, 'SELECT x'], true);
  await log.shows('SELECT x');
  await answer(node, [
    { name: 'a', evil: '\u001b[2J' },
    { name: 'b', evil: '' },
  ]);
  expect(await query.code).toBe(0);
  expect(query.stdout.text).toContain('host-1');
  expect(query.stdout.text).toMatch(/name/);
  expect(query.stdout.text).not.toContain('\u001b[2J');
});

test('a node that cannot run the query is named on stderr, and the exit code is 1', async () => {
  const { stdout: log, enroll, answer } = await startServer();
  const node = await enroll('host-1');
  const query = start(ask, ['--data-dir', directory, 'SELECT * FROM nowhere']);
  await log.shows('nowhere');
  await answer(node, [], 1, 'no such table: nowhere');
  expect(await query.code).toBe(1);
  expect(query.stdout.text).toBe('');
  expect(query.stderr.text).toBe('host-1: status 1: no such table: nowhere\n');
});

test('nodes that do not answer in time are named, and the exit code is 3', async () => {
  const { enroll, answer, stdout: log } = await startServer();
  const one = await enroll('host-1');
  await enroll('host-2');
  await enroll('host-3');
  const query = start(ask, [
    '--data-dir',
    directory,
    '--timeout',
    '0.3',
    '--nodes',
    'host-1,host-2',
    'SELECT 1',
  ]);
  await log.shows('SELECT 1');
  await answer(one, [{ x: '1' }]);
  expect(await query.code).toBe(3);
  expect(query.stderr.text).toBe('no answer from 1 of 2 nodes: host-2\n');
});

test('a query that is interrupted is taken back', async () => {
  const { enroll, target, stdout: log } = await startServer();
  const node_key = await enroll('host-1');
  const query = start(ask, ['--data-dir', directory, 'SELECT 1']);
  await log.shows('SELECT 1');
  query.stop.abort();
  expect(await query.code).toBe(130);
  expect((await send(target, '/distributed_read', { node_key })).json).toEqual({ queries: {} });
});

test('without a node there is nobody to ask', async () => {
  await startServer();
  const query = start(ask, ['--data-dir', directory, 'SELECT 1']);
  expect(await query.code).toBe(3);
  expect(query.stderr.text).toBe('osquery-remote query: no node has enrolled yet\n');
});

test.each([
  [[], 'give the SQL as one argument'],
  [['SELECT', '1'], 'the SQL must be one argument'],
  [['--nope', 'SELECT 1'], "Unknown option '--nope'"],
  [['--timeout', 'soon', 'SELECT 1'], '--timeout must be a number of seconds'],
  [['--server', 'http://x', 'SELECT 1'], '--server must be https://host:port'],
  [['SELECT 1'], 'no server has run in'],
  [['--server', 'localhost:1', 'SELECT 1'], '--ca: cannot read'],
])('query %j is answered with one clear line and exit code 2', async (argv, reason) => {
  const query = start(ask, ['--data-dir', directory, ...argv]);
  expect(await query.code).toBe(2);
  expect(query.stderr.text).toContain(reason);
  expect(query.stderr.text).toMatch(/^osquery-remote query: .*\n$/);
});

test('a query says clearly what is wrong with server, certificate, token or node name', async () => {
  const { target } = await startServer();
  const other = join(directory, 'other');
  await writeFile(other, 'made-up-token\n');
  const cases: [string[], string][] = [
    [['--server', '127.0.0.1:1'], 'nobody listens at https://127.0.0.1:1'],
    [['--token-file', other], 'refuses the operator token'],
    [['--token-file', join(directory, 'none')], '--token-file: cannot read'],
    [['--nodes', 'nobody'], 'no node is called "nobody"'],
    [['--server', target.url, '--ca', join(process.cwd(), 'package.json')], 'not signed by the given CA'],
  ];
  for (const [argv, reason] of cases) {
    const query = start(ask, ['--data-dir', directory, ...argv, 'SELECT 1']);
    expect([argv, await query.code]).toEqual([argv, 2]);
    expect(query.stderr.text).toContain(reason);
    expect(query.stderr.text).toMatch(/^osquery-remote query: .*\n$/);
  }
});

test.each([
  [['--port', 'http'], 2, '--port must be a number'],
  [['--port', '65536'], 2, '--port must be a number'],
  [['--nope'], 2, "Unknown option '--nope'"],
  [['stray'], 2, "Unexpected argument 'stray'"],
  [['--cert', 'x'], 2, '--cert and --key go together'],
  [['--cert', '/nonexistent', '--key', '/nonexistent'], 2, '--cert: cannot read /nonexistent (ENOENT)'],
  [['--secret-file', '/nonexistent'], 2, '--secret-file: cannot read /nonexistent (ENOENT)'],
  [['--secret-file', '/dev/null'], 2, '/dev/null holds no enroll secret'],
  [['--refusal-status', '403'], 2, '--refusal-status must be 200 or 401'],
  [['--config', '/nonexistent'], 1, 'cannot read the config /nonexistent'],
  [['--cert', 'package.json', '--key', 'package.json'], 1, 'the certificate or key cannot be used'],
  [['--host', '192.0.2.1'], 1, 'this machine has no such address'],
])('server %j is answered with one clear line and exit code %i', async (argv, exitCode, reason) => {
  const server = start(serve, ['--port', '0', '--data-dir', directory, ...argv]);
  expect(await server.code).toBe(exitCode);
  expect(server.stderr.text).toContain(reason);
  expect(server.stderr.text).toMatch(/^osquery-remote server: .*\n$/);
});

test('two servers do not share a port or a data directory', async () => {
  const { target } = await startServer();
  const again = start(serve, ['--port', '0', '--data-dir', directory]);
  expect(await again.code).toBe(1);
  expect(again.stderr.text).toContain('is in use by another server');
  const port = target.url.split(':').at(-1) ?? '';
  const beside = start(serve, ['--port', port, '--data-dir', join(directory, 'beside')]);
  expect(await beside.code).toBe(1);
  expect(beside.stderr.text).toContain('the port is taken');
});

test('both commands explain themselves', async () => {
  for (const command of [serve, ask]) {
    const { stdout, code } = start(command, ['--help']);
    expect(await code).toBe(0);
    expect(stdout.text).toContain('--data-dir');
  }
});

test('a data directory that others can read keeps its mode, and shows them nothing', async () => {
  await chmod(directory, 0o755);
  await startServer();
  expect((await stat(directory)).mode & 0o777).toBe(0o755);
  for (const name of await readdir(directory)) {
    const mode = (await stat(join(directory, name))).mode & 0o077;
    expect([name, mode === 0]).toEqual([name, !['ca.pem', 'server.json'].includes(name)]);
  }
});

test('a data directory to which everyone can write is refused', async () => {
  await chmod(directory, 0o777);
  const server = start(serve, ['--port', '0', '--data-dir', directory]);
  expect(await server.code).toBe(1);
  expect(server.stderr.text).toContain('everyone can write to the data directory');
});

test('a server that asks for client certificates is asked with one', async () => {
  const clients = await CertificateAuthority.create('clients');
  const { certificate, key } = await clients.client();
  const file = (name: string) => join(directory, name);
  await writeFile(file('clients.pem'), clients.certificate);
  await writeFile(file('cert.pem'), certificate);
  await writeFile(file('key.pem'), key);
  const server = start(serve, ['--port', '0', '--data-dir', directory, '--client-ca', file('clients.pem')]);
  await server.stdout.shows('listening');
  const without = start(ask, ['--data-dir', directory, 'SELECT 1']);
  expect(await without.code).toBe(2);
  expect(without.stderr.text).toContain('asks for a client certificate');
  const certificates = ['--client-cert', file('cert.pem'), '--client-key', file('key.pem')];
  const query = start(ask, ['--data-dir', directory, ...certificates, 'SELECT 1']);
  expect(await query.code).toBe(3);
  expect(query.stderr.text).toBe('osquery-remote query: no node has enrolled yet\n');
});
