import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CertificateAuthority, type CertificateOptions, type ServerTls } from '../../src/server/index.ts';
import { Flags } from '../../src/testing/index.ts';
import { firstConfig, flagsFor, secret, World, type WorldOptions } from './support/world.ts';

const dayMs = 24 * 3_600_000;
const authority = await CertificateAuthority.create();
const stranger = await CertificateAuthority.create('a stranger');

async function tlsOf(options: CertificateOptions, by = authority): Promise<ServerTls> {
  return { ...(await by.server(options)), ca: authority.certificate };
}

/** What is wrong with a host, and the one line that says so. */
interface Case {
  readonly options?: WorldOptions;
  readonly break?: (world: World) => void;
  readonly flags?: (world: World) => string[];
  readonly line: (world: World) => string;
}

const attempt = (reason: string) => `warning enroll attempt 1 failed: ${reason}; next in 1 s`;

const cases: Record<string, Case> = {
  'a secret file that is missing': {
    break: ({ dir }) => rmSync(`${dir}/secret`),
    line: ({ dir }) =>
      attempt(`settings: cannot read --enroll_secret_path=${dir}/secret: there is no such file`),
  },
  'a variable for the secret that is missing': {
    flags: () => ['--enroll_secret_path=', '--enroll_secret_env=NO_SUCH_VARIABLE'],
    line: () =>
      attempt('settings: --enroll_secret_env names NO_SUCH_VARIABLE, which is not in the environment'),
  },
  'a wrong secret': {
    options: { server: { secrets: ['another-one'] } },
    line: ({ dir }) =>
      attempt(`HTTP 200: node_invalid: check the enroll secret in --enroll_secret_path=${dir}/secret`),
  },
  'a wrong secret, and a server that says so with 401': {
    options: { server: { secrets: ['another-one'], refusalStatus: 401 } },
    line: ({ dir }) =>
      attempt(`HTTP 401: enroll secret wrong: check the enroll secret in --enroll_secret_path=${dir}/secret`),
  },
  'no secret': {
    flags: () => ['--enroll_secret_path='],
    line: () => attempt('HTTP 200: node_invalid: no enroll secret is given: set --enroll_secret_path'),
  },
  'a server that is not there': {
    flags: () => ['--tls_hostname=127.0.0.1:1'],
    line: () =>
      attempt(
        'connect: no connection to 127.0.0.1:1 (ECONNREFUSED): check that the server runs, and --tls_hostname=127.0.0.1:1',
      ),
  },
  'no server': {
    flags: () => ['--tls_hostname='],
    line: () => attempt('settings: --tls_hostname is not set: it names the server, as host[:port]'),
  },
  'no endpoint': {
    flags: () => ['--enroll_tls_endpoint='],
    line: () => attempt('settings: --enroll_tls_endpoint is not set: it is the path of the enroll endpoint'),
  },
  'roots that are missing': {
    flags: ({ dir }) => [`--tls_server_certs=${dir}/none.pem`],
    line: ({ dir }) =>
      attempt(`settings: cannot read --tls_server_certs=${dir}/none.pem: there is no such file`),
  },
  'a certificate for another name': {
    options: { server: { tls: await tlsOf({ names: ['elsewhere.example'] }) } },
    line: ({ server }) =>
      attempt(
        `tls: the certificate of ${server.hostname} is for DNS:elsewhere.example, not for 127.0.0.1: correct --tls_hostname or the certificate`,
      ),
  },
  'a certificate of an unknown authority': {
    options: { server: { tls: await tlsOf({}, stranger) } },
    line: ({ server }) =>
      attempt(
        `tls: no root in --tls_server_certs=${server.caFile} signs the certificate of ${server.hostname} (UNABLE_TO_VERIFY_LEAF_SIGNATURE): add the certificate of the server's CA to that file`,
      ),
  },
  'a certificate that has expired': {
    options: {
      server: {
        tls: await tlsOf({
          notBefore: new Date(Date.now() - 3 * dayMs),
          notAfter: new Date(Date.now() - dayMs),
        }),
      },
    },
    line: ({ server }) =>
      attempt(
        `tls: the certificate of ${server.hostname} is out of its time (CERT_HAS_EXPIRED): check it, and this host's clock`,
      ),
  },
  'a certificate that names an address by its common name alone, which Node refuses': {
    options: { server: { tls: await tlsOf({ commonName: '127.0.0.1', names: [] }) } },
    line: ({ server }) =>
      attempt(
        `tls: the certificate of ${server.hostname} has only a common name: an address needs a subjectAltName that names it`,
      ),
  },
};

/** Brings a host up with what is wrong. */
async function bringUp({ options, flags, ...wrong }: Case): Promise<World> {
  const world = await World.create(options);
  wrong.break?.(world);
  if (flags !== undefined) {
    world.core.flags = new Flags([...flagsFor(world.dir, world.server), ...flags(world)]);
  }
  return world;
}

describe('one line says what to do, and status 1 says it to osqueryd, about', () => {
  test.each(Object.entries(cases))('%s', async (_, one) => {
    await using world = await bringUp(one);
    const host = await world.open();
    const reason = await host.genConfig().catch((error: Error) => error.message);
    await world.clock.pass(600_000);

    const line = one.line(world);
    expect(host.complaints()).toEqual([line]);
    expect(reason).toContain(line.slice(attempt('').indexOf(';'), line.lastIndexOf(';')));
    expect(host.log.join('\n')).not.toContain(secret);
    expect(host.log.join('\n')).not.toMatch(/\n\s+at /);
  });
});

test('a certificate that names a host by its common name alone is taken by Node, as by osquery', async () => {
  const tls = await tlsOf({ commonName: 'localhost', names: [] });
  await using world = await bringUp({
    options: { server: { tls } },
    flags: ({ server }) => [`--tls_hostname=localhost:${server.address.port}`],
    line: () => '',
  });
  const host = await world.open();
  expect(JSON.parse(await host.genConfig())).toEqual(firstConfig);
  expect(host.complaints()).toEqual([]);
});

test('an outage after the enrollment is one line, and its end another, also when it is long', async () => {
  await using world = await World.create({ flags: ['--logger_tls_period=60'] });
  const host = await world.open();
  await host.genConfig();
  world.faults.log = { status: 503, body: '{"error":"the sink is full"}' };
  for (let n = 1; n <= 20; n++) {
    await host.line(`{"n":${n}}`);
    await world.clock.pass(60_000);
  }
  expect(host.complaints()).toEqual(['warning log: HTTP 503: the sink is full']);
  delete world.faults.log;
  await world.arrived(20);
  await expect.poll(() => host.log).toContain('info log: works again');
});

test.each([
  ['is no JSON', { body: 'schedule: {}' }, 'HTTP 200: the answer is no JSON: schedule: {}'],
  [
    'is over the size limit',
    { body: `{"a":"${'x'.repeat(1024 * 1024)}"}` },
    'the configuration has 1048584 bytes, and osqueryd 5.23.0 takes 1048576: make it smaller, or move packs out of it',
  ],
])('a configuration that %s, and nothing to fall back on', async (_, fault, reason) => {
  await using world = await World.create({ flags: ['--config_refresh=60'] });
  world.faults.config = fault;
  const host = await world.open();
  await expect(host.genConfig()).rejects.toThrow(reason);
  await expect(host.genConfig()).rejects.toThrow(reason);
  expect(host.complaints()).toEqual([`warning config: ${reason}`]);
});

describe('a store that others can write in is not used, and the rest works', () => {
  test.each([0o777, 0o770, 0o702])('with mode %o', async (mode) => {
    await using world = await World.create();
    mkdirSync(world.storePath);
    chmodSync(world.storePath, mode);
    const host = await world.open();
    await host.line('{"n":1}');
    await world.arrived(1);
    expect(host.complaints()).toEqual([
      `error the store: others can write in ${world.storePath} (mode ${mode.toString(8)}); after a look at what is in it: chmod 700 ${world.storePath}. Until then lines are kept in a temporary place and do not survive this process`,
    ]);
  });
});
