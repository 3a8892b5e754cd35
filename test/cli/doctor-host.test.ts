import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CertificateAuthority } from '../../src/server/index.ts';
import { DoctorBench, secret } from './doctor-bench.ts';

const isRoot = process.getuid?.() === 0;

let bench: DoctorBench;
beforeEach(async () => {
  bench = await DoctorBench.create();
});
afterEach(() => bench.close());

/** What one step finds, with flags that differ. */
const find = async (
  step: string,
  change: Record<string, string | undefined> = {},
  env: NodeJS.ProcessEnv = {},
) => (await bench.examine(change, { env, steps: [step] })).of(step);

describe('plugins', () => {
  test('of other names would end osqueryd with 78', async () => {
    const change = {
      config_plugin: 'osquery-remote',
      logger_plugin: 'remote,kafka',
      distributed_plugin: 'remote',
    };
    expect(await find('plugins', change)).toEqual([
      'failure plugins: --config_plugin names "osquery-remote", which neither osqueryd nor osquery-remote has → --config_plugin=remote',
      'failure plugins: --logger_plugin names "kafka", which neither osqueryd nor osquery-remote has → --logger_plugin=remote, unless another extension has it',
      "ok plugins: kafka after remote: osqueryd looks at the last logger's answer only, so it survives a moment without us, and the lines of that moment are lost",
      'ok plugins: remote is the plugin for logger, distributed',
    ]);
    expect(await find('start', change)).toEqual([
      'failure start: osqueryd would exit with 78, "Cannot activate osquery-remote config plugin: Unknown registry plugin: osquery-remote": no extension that we know registers it → correct --config_plugin',
      'failure start: osqueryd would exit with 78, "Cannot activate kafka logger plugin: Unknown registry plugin: kafka": no extension that we know registers it → correct --logger_plugin',
    ]);
  });

  test('none of which is remote', async () => {
    const change = { config_plugin: undefined, logger_plugin: undefined, disable_distributed: undefined };
    expect(await find('plugins', change)).toEqual([
      'warning plugins: the config comes from the file /etc/osquery/osquery.conf → --config_plugin=remote',
      'warning plugins: ad-hoc queries are off, as by default → --disable_distributed=false and --distributed_plugin=remote',
      'warning plugins: result lines do not go to remote → --logger_plugin=remote',
      'failure plugins: no plugin of osqueryd is called remote → --config_plugin=remote, --logger_plugin=remote, --distributed_plugin=remote',
    ]);
    expect(await find('start', change)).toEqual([
      'ok start: osqueryd starts with its own plugins; it would not notice if ours were missing',
    ]);
  });

  test('beside the built-in ones', async () => {
    const change = {
      config_plugin: 'tls',
      logger_plugin: 'filesystem,tls,remote',
      distributed_plugin: 'tls',
    };
    expect(await find('plugins', change)).toEqual([
      'warning plugins: the config comes from the built-in tls plugin → --config_plugin=remote',
      'warning plugins: ad-hoc queries are asked for by the built-in tls plugin → --distributed_plugin=remote',
      'warning plugins: filesystem stands beside remote in --logger_plugin: when it starts, it takes the status lines from every other logger → --logger_plugin=remote, or remote,stdout',
      'warning plugins: tls stands beside remote in --logger_plugin: each line goes to the server twice → --logger_plugin=remote',
      'ok plugins: remote is the plugin for logger',
    ]);
  });

  test('with settings that are better changed', async () => {
    const change = {
      extensions_timeout: '3',
      config_refresh: '0',
      enroll_always: 'true',
      logger_plugin: 'remote,stdout',
    };
    expect(await find('plugins', change, { OSQUERY_REMOTE_BATCH_RESULTS: 'true' })).toEqual([
      "ok plugins: stdout after remote: osqueryd looks at the last logger's answer only, so it survives a moment without us, and the lines of that moment are lost",
      'warning plugins: remote_batch_results is not used while there is another logger, which would see its form → --logger_plugin=remote',
      'warning plugins: osqueryd waits 3 s for extensions to start (--extensions_timeout), then exits with 78; Node may need longer on a busy host → --extensions_timeout=10',
      'warning plugins: osqueryd asks for its config at its start only (--config_refresh is 0), so changes do not arrive → --config_refresh=300',
      'warning plugins: --enroll_always: the host enrolls at each start of osqueryd → remove it',
      'ok plugins: remote is the plugin for config, logger, distributed',
    ]);
    expect(await find('plugins', { disable_logging: 'true' })).toContain(
      'warning plugins: --disable_logging is on: there are no result lines → remove it',
    );
  });

  test('and settings of ours that make no sense', async () => {
    expect((await find('flags', {}, { OSQUERY_REMOTE_SYNC: 'sometimes' }))[0]).toMatch(
      /^warning flags: OSQUERY_REMOTE_SYNC is "sometimes"; it takes never, interval or always/,
    );
  });
});

describe('the extension', () => {
  const file = () => bench.path('bin/osquery-remote.ext');
  const start = (because: string) =>
    ['config', 'logger', 'distributed'].map(
      (registry) =>
        `failure start: osqueryd would exit with 78, "Cannot activate remote ${registry} plugin: Unknown registry plugin: remote": ${because} → see above`,
    );

  test('that nobody loads', async () => {
    expect(await find('extension', { extension: undefined })).toEqual([
      'failure extension: osqueryd loads no extension: --extension is not set, and <dir>/extensions.load names none → --extension=<prefix>/lib/node_modules/osquery-remote/bin/osquery-remote.ext (npm prefix --global)',
    ]);
    expect(await find('start', { extension: undefined })).toEqual(
      start('it loads no extension, and so waits for none'),
    );
  });

  test('that is not there', async () => {
    rmSync(file());
    expect(await find('extension')).toEqual([
      'failure extension: <dir>/bin/osquery-remote.ext, named by --extension, does not exist → npm install --global osquery-remote, as root, and name the file in it',
    ]);
    expect(await find('start')).toEqual(start('it does not run the extension'));
  });

  test('that everybody may write', async () => {
    chmodSync(file(), 0o757);
    expect(await find('extension')).toEqual([
      'failure extension: <dir>/bin/osquery-remote.ext can be written by everybody (mode 757), and osqueryd does not run such files → chmod o-w <dir>/bin/osquery-remote.ext',
    ]);
    expect(await find('start')).toEqual(start('it does not run the extension'));
  });

  test('that its owner may not run', async () => {
    chmodSync(file(), 0o644);
    expect(await find('extension')).toEqual([
      'failure extension: <dir>/bin/osquery-remote.ext cannot be executed by its owner (mode 644) → chmod u+x <dir>/bin/osquery-remote.ext',
    ]);
  });

  test('in a directory like /tmp', async () => {
    chmodSync(bench.path('bin'), 0o1777);
    expect(await find('extension')).toEqual([
      'failure extension: <dir>/bin is sticky like /tmp (mode 1777), and osqueryd runs nothing from there → move the extension to a directory of root',
    ]);
  });

  test('in a directory where everybody can replace it', async () => {
    chmodSync(bench.path('bin'), 0o777);
    expect(await find('extension')).toEqual([
      'warning extension: <dir>/bin can be written by everybody (mode 777), who can put another file in the place of the extension → chmod o-w <dir>/bin',
    ]);
  });

  test.runIf(isRoot)('of another user (needs root)', async () => {
    chownSync(file(), 4242, 0);
    expect(await find('extension')).toEqual([
      'failure extension: <dir>/bin/osquery-remote.ext belongs to uid 4242, and osqueryd trusts root and its own user (here uid 0) only → chown root <dir>/bin/osquery-remote.ext',
    ]);
    chownSync(file(), 0, 4242);
    chmodSync(file(), 0o775);
    expect(await find('extension')).toEqual([
      "warning extension: <dir>/bin/osquery-remote.ext can be written by the group 4242: whoever is in it can run code as osqueryd's user → chmod g-w <dir>/bin/osquery-remote.ext",
    ]);
  });

  test('that is a directory', async () => {
    mkdirSync(bench.path('dir.ext'));
    expect(await find('extension', { extension: bench.path('dir.ext') })).toContain(
      'failure extension: <dir>/dir.ext is no regular file',
    );
  });

  test('with --allow_unsafe', async () => {
    chmodSync(file(), 0o777);
    expect(await find('extension', { allow_unsafe: 'true' })).toEqual([
      'warning extension: --allow_unsafe is on: osqueryd runs extensions that anybody may have written → remove it',
    ]);
  });

  test('in the list of extensions, through a link, and with a name that osqueryd passes over', async () => {
    symlinkSync(file(), bench.path('bin/remote.ext'));
    bench.write('extensions.load', `# ours\n${bench.path('bin/remote.ext')}\n`);
    expect(await find('extension', { extension: undefined })).toEqual([
      'ok extension: <dir>/bin/remote.ext (<dir>/extensions.load)',
    ]);
    symlinkSync(file(), bench.path('bin/remote'));
    bench.write('extensions.load', `${bench.path('bin/remote')}\n`);
    expect(await find('extension', { extension: undefined })).toEqual([
      'failure extension: <dir>/bin/remote does not end in .ext: osqueryd passes over it in <dir>/extensions.load → name a file that does, or give it as --extension',
    ]);
  });

  test('among others that are not ours', async () => {
    const other = bench.write('bin/other.ext', '', 0o755);
    expect(await find('extension', { extension: other })).toEqual([
      'warning extension: cannot tell whether <dir>/bin/other.ext is osquery-remote: its name is another one',
    ]);
    bench.write('extensions.load', `${bench.write('bin/third.ext', '', 0o755)}\n`);
    expect(await find('extension', { extension: other })).toEqual([
      'failure extension: osquery-remote is not among the extensions: <dir>/bin/other.ext, <dir>/bin/third.ext → add it as --extension',
    ]);
    expect(await find('start', { extension: other })).toEqual(
      start('osquery-remote is not among its extensions'),
    );
  });

  test('without its code, or switched off, or without room for its socket', async () => {
    const long = `/tmp/${'x'.repeat(100)}`;
    expect(await find('start', { disable_extensions: 'true' })).toEqual(start('--disable_extensions is on'));
    expect(await find('start', { extensions_socket: long })).toEqual(
      start(
        "--extensions_socket is longer than 101 bytes, which leaves no room for the extension's own socket beside it",
      ),
    );
    rmSync(bench.path('dist/ext/start.js'));
    expect(await find('extension')).toEqual([
      'failure extension: <dir>/dist/ext/start.js is missing → install the package anew, or npm run build in it',
    ]);
    expect(await find('start')).toEqual(start('the extension ends at its start'));
  });
});

describe('Node', () => {
  const advice =
    "install Node 20.19 or later, and set OSQUERY_REMOTE_NODE=/path/to/node in osqueryd's environment";
  const program = (name: string, says: string) => bench.write(name, `#!/bin/sh\necho ${says}\n`, 0o755);

  test('that is too old', async () => {
    const OSQUERY_REMOTE_NODE = program('old-node', 'v18.19.1');
    expect(await find('node', {}, { OSQUERY_REMOTE_NODE })).toEqual([
      `failure node: <dir>/old-node (OSQUERY_REMOTE_NODE) is Node 18.19.1, which is too old → ${advice}`,
    ]);
  });

  test('that is none', async () => {
    const OSQUERY_REMOTE_NODE = program('no-node', 'hello');
    expect(await find('node', {}, { OSQUERY_REMOTE_NODE })).toEqual([
      `failure node: <dir>/no-node (OSQUERY_REMOTE_NODE) does not tell its version → ${advice}`,
    ]);
    expect(await find('node', {}, { OSQUERY_REMOTE_NODE: '/no/such/node' })).toEqual([
      `failure node: OSQUERY_REMOTE_NODE names /no/such/node, which is no program that can be run → ${advice}`,
    ]);
  });

  test('that only a PATH leads to, or nothing at all', async () => {
    bench.write('bin/osquery-remote.ext', '#!/bin/sh\n', 0o755);
    program('path/node', 'v22.1.0');
    expect(await find('node', {}, { PATH: bench.path('path') })).toEqual([
      "warning node: Node 22.1.0 (<dir>/path/node) was found on your PATH: osqueryd's may be another one → set OSQUERY_REMOTE_NODE=<dir>/path/node in osqueryd's environment",
    ]);
    expect(await find('node', {}, { PATH: '' })).toEqual([
      `failure node: the launcher finds no Node → ${advice}`,
    ]);
    expect((await find('start', {}, { PATH: '' }))[0]).toContain(': the extension ends at its start →');
  });
});

describe('the enroll secret', () => {
  test('in a file that cannot be used', async () => {
    expect(await find('secret', { enroll_secret_path: bench.path('nothing') })).toEqual([
      'failure secret: cannot read --enroll_secret_path=<dir>/nothing: there is no such file → put the secret there, readable by the user of osqueryd only',
    ]);
    expect(await find('secret', { enroll_secret_path: bench.dir })).toEqual([
      'failure secret: cannot read --enroll_secret_path=<dir>: it is a directory → put the secret there, readable by the user of osqueryd only',
    ]);
    expect(await find('secret', { enroll_secret_path: bench.write('empty', ' \n') })).toEqual([
      'failure secret: --enroll_secret_path=<dir>/empty is empty → put the secret there',
    ]);
  });

  test('in a file that others can read, on several lines', async () => {
    expect(
      await find('secret', { enroll_secret_path: bench.write('open', `${secret}\nmore\n`, 0o644) }),
    ).toEqual([
      'warning secret: <dir>/open has several lines, and all of them together are the secret → keep one line',
      'warning secret: <dir>/open is not for osqueryd alone (mode 644): with the secret, anybody can enroll hosts → chmod 600 <dir>/open',
    ]);
  });

  test('given in the place of a path or a name is not shown', async () => {
    const asPath = await bench.examine({
      enroll_secret_path: 'a-made-up-secret',
      tls_hostname: 'localhost:1',
    });
    expect(asPath.of('secret')).toEqual([
      'failure secret: --enroll_secret_path is no absolute path → write the secret to a file, and name that: /etc/osquery/enroll_secret',
    ]);
    const asName = await bench.examine({
      enroll_secret_path: undefined,
      enroll_secret_env: 'a-made-up-secret',
      tls_hostname: 'localhost:1',
    });
    expect(asName.of('secret')).toEqual([
      "failure secret: --enroll_secret_env is no name of a variable (capitals, digits, underscores) → --enroll_secret_env=ENROLL_SECRET, with that set in osqueryd's environment",
    ]);
    expect(asPath.out + asName.out).not.toContain('a-made-up-secret');
  });

  test('in the environment', async () => {
    const change = { enroll_secret_path: undefined, enroll_secret_env: 'THE_SECRET' };
    expect(await find('secret', change, { THE_SECRET: secret })).toEqual([
      'ok secret: the variable THE_SECRET',
    ]);
    expect(await find('secret', change)).toEqual([
      "warning secret: --enroll_secret_env names THE_SECRET, which is not in this environment; osqueryd's may have it → run the doctor with it, or use --enroll_secret_path",
    ]);
    expect(await find('secret', change, { THE_SECRET: '' })).toEqual([
      'failure secret: the variable THE_SECRET is empty → put the secret there',
    ]);
    expect(await find('secret', change, { THE_SECRET: `${secret}\n` })).toEqual([
      'warning secret: the variable THE_SECRET has white space around the secret, and osquery sends it too → remove it',
    ]);
    expect(await find('secret', { enroll_secret_env: 'THE_SECRET' })).toEqual([
      'warning secret: --enroll_secret_env is not looked at, since --enroll_secret_path is set → remove one of them',
      'ok secret: <dir>/secret',
    ]);
  });

  test('that there is none of', async () => {
    const change = { enroll_secret_path: undefined };
    expect(await find('secret', change)).toEqual([
      'failure secret: there is no enroll secret → --enroll_secret_path=/etc/osquery/enroll_secret',
    ]);
    expect(await find('secret', { ...change, disable_enrollment: 'true' })).toEqual([
      'ok secret: not needed: --disable_enrollment',
    ]);
  });
});

describe('the roots', () => {
  test('that cannot be read', async () => {
    expect(await find('roots', { tls_server_certs: '' })).toEqual([
      'failure roots: --tls_server_certs is empty: there is no root to trust → --tls_server_certs=/path/to/ca.pem',
    ]);
    expect(await find('roots', { tls_server_certs: bench.dir })).toEqual([
      'failure roots: cannot read --tls_server_certs=<dir>: it is a directory → name a PEM file with the CA of your server',
    ]);
    expect(await find('roots', { tls_server_certs: bench.write('no.pem', 'hello') })).toEqual([
      'failure roots: --tls_server_certs=<dir>/no.pem holds no PEM certificate → it must have lines -----BEGIN CERTIFICATE-----',
    ]);
    const damaged = bench.write(
      'bad.pem',
      bench.authority.certificate.replace(/\n[\w+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
    );
    expect((await find('roots', { tls_server_certs: damaged }))[0]).toMatch(
      /^failure roots: a certificate in --tls_server_certs=<dir>\/bad\.pem is damaged: .* → copy the file anew$/,
    );
  });

  test('that are over, all or some of them', async () => {
    const old = await bench.authority.server({
      commonName: 'the old CA',
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-02-03'),
    });
    expect(await find('roots', { tls_server_certs: bench.write('old.pem', old.certificate) })).toEqual([
      "failure roots: no certificate in --tls_server_certs=<dir>/old.pem is valid now: the old CA ended on 2021-02-03 → get the server's present CA, and look at this host's clock",
    ]);
    const both = bench.write('both.pem', old.certificate + bench.authority.certificate);
    expect(await find('roots', { tls_server_certs: both })).toEqual([
      'warning roots: 2 certificates in <dir>/both.pem, 1 of them not valid now: the old CA ended on 2021-02-03 → remove them',
    ]);
    const next = await bench.authority.server({
      commonName: 'the next CA',
      notBefore: new Date('2100-01-02'),
      notAfter: new Date('2101-01-01'),
    });
    expect(
      (await find('roots', { tls_server_certs: bench.write('next.pem', next.certificate) }))[0],
    ).toContain('the next CA begins on 2100-01-02');
  });
});

describe('the client certificate', () => {
  const files = async (options: Parameters<CertificateAuthority['client']>[0] = {}) => {
    const { certificate, key } = await bench.authority.client({ commonName: 'host-1', ...options });
    return {
      tls_client_cert: bench.write('client.pem', certificate),
      tls_client_key: bench.write('client.key', key, 0o600),
    };
  };

  test('that is in order', async () => {
    expect((await find('client cert', await files()))[0]).toMatch(
      /^ok client cert: host-1, until \d{4}-\d\d-\d\d$/,
    );
  });

  test('of which one half is missing', async () => {
    const { tls_client_cert, tls_client_key } = await files();
    expect(await find('client cert', { tls_client_cert })).toEqual([
      'failure client cert: --tls_client_cert is set without --tls_client_key, so neither is used → add --tls_client_key',
    ]);
    expect(await find('client cert', { tls_client_key })).toEqual([
      'failure client cert: --tls_client_key is set without --tls_client_cert, so neither is used → add --tls_client_cert',
    ]);
    expect(await find('client cert', { tls_client_cert, tls_client_key: '/no/such/key' })).toEqual([
      'failure client cert: cannot read --tls_client_key=/no/such/key: there is no such file → osquery would go on without a client certificate, we do not',
    ]);
  });

  test('that is not one', async () => {
    const { tls_client_cert, tls_client_key } = await files();
    const other = await bench.authority.client();
    expect(
      await find('client cert', {
        tls_client_cert,
        tls_client_key: bench.write('other.key', other.key, 0o600),
      }),
    ).toEqual([
      'failure client cert: --tls_client_key is not the key of --tls_client_cert → give the two that were made together',
    ]);
    expect(await find('client cert', { tls_client_cert: tls_client_key, tls_client_key })).toEqual([
      'failure client cert: --tls_client_cert=<dir>/client.key holds no certificate that can be read → it must be PEM, the own certificate first',
    ]);
    expect(await find('client cert', { tls_client_cert, tls_client_key: tls_client_cert })).toEqual([
      'failure client cert: --tls_client_key=<dir>/client.pem holds no private key that can be read → it must be PEM, without a passphrase',
    ]);
    const locked = bench.write(
      'locked.key',
      other.key.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'),
      0o600,
    );
    expect(await find('client cert', { tls_client_cert, tls_client_key: locked })).toEqual([
      'failure client cert: --tls_client_key=<dir>/locked.key is encrypted, and there is nobody to ask for its passphrase → it must be PEM, without a passphrase',
    ]);
  });

  test('that is over, or soon is, or for everybody to read', async () => {
    const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-02-03') };
    expect(await find('client cert', await files(past))).toEqual([
      'failure client cert: the client certificate host-1 ended on 2021-02-03 → renew it',
    ]);
    const future = { notBefore: new Date('2100-01-02'), notAfter: new Date('2101-01-01') };
    expect(await find('client cert', await files(future))).toEqual([
      "failure client cert: the client certificate host-1 begins on 2100-01-02 → look at this host's clock",
    ]);
    const soon = await files({ notAfter: new Date(Date.now() + 3 * 86_400_000) });
    chmodSync(bench.path('client.key'), 0o644);
    const found = await find('client cert', soon);
    expect(found[0]).toBe(
      'warning client cert: <dir>/client.key is not for osqueryd alone (mode 644) → chmod 600 <dir>/client.key',
    );
    expect(found[1]).toMatch(/^warning client cert: the client certificate host-1 ends on \S+ → renew it$/);
  });
});

describe('the store', () => {
  const store = () => bench.path('osquery.db.remote');

  test('that will be made, and one that is there', async () => {
    expect((await find('store'))[0]).toMatch(
      /^ok store: <dir>\/osquery\.db\.remote: will be made at the first start, \d+ MiB free$/,
    );
    mkdirSync(store(), { mode: 0o700 });
    expect((await find('store'))[0]).toMatch(
      /^ok store: <dir>\/osquery\.db\.remote: in use by nobody, \d+ MiB free$/,
    );
  });

  test('that is not for us', async () => {
    bench.write('osquery.db.remote', '');
    expect(await find('store')).toEqual([
      'failure store: <dir>/osquery.db.remote is no directory → remove it, or set OSQUERY_REMOTE_STORE to another place',
    ]);
    rmSync(store());
    mkdirSync(store());
    chmodSync(store(), 0o777);
    expect(await find('store')).toEqual([
      'failure store: others can write in <dir>/osquery.db.remote (mode 777), so it is not used → after a look at what is in it: chmod 700 <dir>/osquery.db.remote',
    ]);
    chmodSync(store(), 0o700);
    chmodSync(bench.dir, 0o777);
    expect(await find('store')).toEqual([
      'failure store: others can write in <dir> (mode 777), and replace the store there → chmod o-w <dir>',
    ]);
  });

  test.runIf(isRoot)('of another user (needs root)', async () => {
    mkdirSync(store(), { mode: 0o700 });
    chownSync(store(), 4242, 4242);
    expect(await find('store')).toEqual([
      "failure store: <dir>/osquery.db.remote belongs to uid 4242, and this runs as uid 0 → run the doctor as osqueryd's user; if that is this one: chown -R 0 <dir>/osquery.db.remote",
    ]);
  });

  test('without room', async () => {
    const [full, last] = await find('store', {}, { OSQUERY_REMOTE_BUFFER_MIN_FREE_BYTES: String(2 ** 52) });
    expect(full).toMatch(
      /^failure store: \d+ MiB are free at <dir>, and 4294967296 MiB are left to others: lines that wait are dropped → make room, or lower OSQUERY_REMOTE_BUFFER_MIN_FREE_BYTES$/,
    );
    expect(last).toMatch(/^ok store: /);
  });

  test('in memory', async () => {
    expect(await find('store', { disable_database: 'true' })).toEqual([
      'warning store: --disable_database is on: lines that wait are lost with the process → set OSQUERY_REMOTE_STORE to a directory',
    ]);
  });

  test.runIf(process.platform === 'linux')('on a file system in memory (Linux)', async () => {
    const found = await find('store', {}, { OSQUERY_REMOTE_STORE: '/dev/shm/osquery-remote-no-such-store' });
    expect(found[0]).toBe(
      'warning store: /dev/shm/osquery-remote-no-such-store is on tmpfs, in memory: lines that wait are lost with a reboot → set OSQUERY_REMOTE_STORE to a local disk',
    );
  });
});

describe('the transport module', () => {
  test('that cannot be used', async () => {
    const OSQUERY_REMOTE_TRANSPORT = bench.write('transport.mjs', 'export default 7;\n');
    const broken = await bench.examine({}, { env: { OSQUERY_REMOTE_TRANSPORT } });
    expect(broken.of('module')[0]).toMatch(
      /^failure module: OSQUERY_REMOTE_TRANSPORT=<dir>\/transport\.mjs: .* → nothing leaves the host until it is mended$/,
    );
    expect(broken.of('config')).toEqual(['skipped config: not tried: first module and key must be in order']);
    chmodSync(OSQUERY_REMOTE_TRANSPORT, 0o666);
    expect(await find('module', {}, { OSQUERY_REMOTE_TRANSPORT })).toEqual([
      'failure module: OSQUERY_REMOTE_TRANSPORT=<dir>/transport.mjs: <dir>/transport.mjs can be written by others: chmod go-w <dir>/transport.mjs → nothing leaves the host until it is mended',
    ]);
  });

  test('that is in order', async () => {
    const OSQUERY_REMOTE_TRANSPORT = bench.write(
      'transport.mjs',
      'export default { attempt: (request, next) => next(request) };\n',
    );
    expect(await find('module', {}, { OSQUERY_REMOTE_TRANSPORT })).toEqual([
      'ok module: <dir>/transport.mjs',
    ]);
  });
});
