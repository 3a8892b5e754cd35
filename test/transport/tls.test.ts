import { renameSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../src/server/index.ts';
import { Bench, tlsOf } from './bench.ts';
import type { Answer } from './script-server.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench.remove());

const ok: Answer = { status: 200, body: '{"a":1}' };

const reasonOf = async (reply: Promise<{ outcome: { kind: string; reason?: string } }>) => {
  const { outcome } = await reply;
  return outcome.reason ?? outcome.kind;
};

describe('the certificate of the server', () => {
  test('must chain to a root of --tls_server_certs', async () => {
    const other = await CertificateAuthority.create('another authority');
    const pem = tlsOf(await other.server({ commonName: 'localhost', names: ['localhost'] }));
    await using talk = await bench.start(() => ok, { tls: pem });
    expect(await reasonOf(talk.log(['{}']))).toMatch(
      `tls: no root in --tls_server_certs=${bench.path('ca.pem')} signs the certificate of localhost:${talk.server.port}`,
    );
    expect(talk.server.seen.length).toBe(0);
  });

  test('must be for the host of --tls_hostname', async () => {
    const tls = tlsOf(
      await bench.authority.server({ commonName: 'wrong-hostname', names: ['wrong-hostname'] }),
    );
    await using talk = await bench.start(() => ok, { tls });
    expect(await reasonOf(talk.log(['{}']))).toBe(
      `tls: the certificate of localhost:${talk.server.port} is for DNS:wrong-hostname, not for localhost: correct --tls_hostname or the certificate`,
    );
  });

  test('must name an address as an address', async () => {
    const tls = tlsOf(await bench.authority.server({ commonName: '127.0.0.1', names: [] }));
    await using talk = await bench.start(() => ok, { tls });
    talk.transport.update({ ...talk.settings, hostname: `127.0.0.1:${talk.server.port}` });
    expect(await reasonOf(talk.log(['{}']))).toBe(
      `tls: the certificate of 127.0.0.1:${talk.server.port} has only a common name: an address needs a subjectAltName that names it`,
    );
  });

  test('may have a common name alone, as in the built-in client, if that is the host', async () => {
    const tls = tlsOf(await bench.authority.server({ commonName: 'localhost', names: [] }));
    await using talk = await bench.start(() => ok, { tls });
    expect(await reasonOf(talk.log(['{}']))).toBe('delivered');
    await using other = await bench.start(() => ok, {
      tls: tlsOf(await bench.authority.server({ commonName: 'another-host', names: [] })),
    });
    expect(await reasonOf(other.log(['{}']))).toBe(
      `tls: the certificate of localhost:${other.server.port} is for the common name another-host, not for localhost: correct --tls_hostname or the certificate`,
    );
  });

  test('an address is accepted when the certificate names it', async () => {
    await using talk = await bench.start(() => ok);
    talk.transport.update({ ...talk.settings, hostname: `127.0.0.1:${talk.server.port}` });
    expect(await reasonOf(talk.log(['{}']))).toBe('delivered');
  });

  test('TLS 1.1 is not spoken', async () => {
    const tls = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    await using talk = await bench.start(() => ok, { tls });
    expect(await reasonOf(talk.log(['{}']))).toMatch(
      /^tls: localhost:\d+ speaks no TLS version from 1\.2 on$/,
    );
  });

  test('TLS 1.2 is', async () => {
    await using talk = await bench.start(() => ok, { tls: { maxVersion: 'TLSv1.2' } });
    expect(await reasonOf(talk.log(['{}']))).toBe('delivered');
  });

  test('the environment cannot switch the check off', async () => {
    const other = await CertificateAuthority.create('another authority');
    const tls = tlsOf(await other.server({ commonName: 'localhost', names: ['localhost'] }));
    await using talk = await bench.start(() => ok, { tls });
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await reasonOf(talk.log(['{}']))).toMatch(/^tls: /);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });
});

describe('files of the flags', () => {
  test.each([
    ['', '--tls_server_certs is empty: there is no root to trust'],
    ['/no/such/file', 'cannot read --tls_server_certs=/no/such/file: there is no such file'],
    ['/', 'cannot read --tls_server_certs=/: it is a directory'],
  ])('roots at "%s" give a clear reason, and no request', async (serverCerts, reason) => {
    await using talk = await bench.start(() => ok, { change: { serverCerts } });
    expect(await reasonOf(talk.log(['{}']))).toBe(`settings: ${reason}`);
    expect(talk.server.connections).toBe(0);
  });

  test('a bundle without a certificate trusts nobody, not the roots of Node', async () => {
    const serverCerts = bench.write('empty.pem', '# nothing here\n');
    await using talk = await bench.start(() => ok, { change: { serverCerts } });
    expect(await reasonOf(talk.log(['{}']))).toBe(
      `settings: --tls_server_certs=${serverCerts} holds no PEM certificate`,
    );
  });

  test('a bundle that is damaged says which flag it is', async () => {
    const serverCerts = bench.write(
      'bad.pem',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    );
    await using talk = await bench.start(() => ok, { change: { serverCerts } });
    expect(await reasonOf(talk.log(['{}']))).toMatch(/^settings: cannot use --tls_server_certs: /);
  });

  test('new roots count without a restart', async () => {
    const other = await CertificateAuthority.create('the next authority');
    const serverCerts = bench.write('rotating.pem', other.certificate);
    await using talk = await bench.start(() => ok, { change: { serverCerts } });
    expect(await reasonOf(talk.log(['{}']))).toMatch(/^tls: no root in /);
    renameSync(bench.write('rotating.new', bench.authority.certificate), serverCerts);
    expect(await reasonOf(talk.log(['{}']))).toBe('delivered');
    renameSync(bench.write('rotating.new', other.certificate), serverCerts);
    expect(await reasonOf(talk.log(['{}']))).toMatch(/^tls: no root in /);
  });
});

test('a connection that was opened under other roots is not used again', async () => {
  const other = await CertificateAuthority.create('the next authority');
  const serverCerts = bench.write('replaced.pem', bench.authority.certificate);
  await using talk = await bench.start(() => ok, { change: { serverCerts } });
  expect(await reasonOf(talk.log(['{}']))).toBe('delivered');
  bench.write('replaced.pem', other.certificate);
  expect(await reasonOf(talk.log(['{}']))).toMatch(/^tls: no root in /);
});

test('nor one that was opened for another server', async () => {
  await using first = await bench.start(() => ok);
  await using second = await bench.start(() => ok);
  await first.config();
  first.transport.update({ ...first.settings, hostname: second.settings.hostname });
  await first.config();
  expect([first.server.seen.length, second.server.seen.length]).toEqual([1, 1]);
});

describe('client certificate', () => {
  test('is shown when both flags are set, and is read again when it changes', async () => {
    const names: string[] = [];
    const tls = { ca: bench.authority.certificate, requestCert: true, rejectUnauthorized: true };
    await using talk = await bench.start(
      ({ socket }) => {
        if ('getPeerCertificate' in socket)
          names.push(String((socket as TLSSocket).getPeerCertificate().subject.CN));
        return ok;
      },
      { tls },
    );
    expect(await reasonOf(talk.log(['{}']))).toMatch(/^(tls: .*client certificate|reset: )/);
    const first = tlsOf(await bench.authority.client({ commonName: 'host-1' }));
    const change = {
      clientCert: bench.write('client.pem', first.cert),
      clientKey: bench.write('client.key', first.key),
    };
    talk.transport.update({ ...talk.settings, ...change });
    expect(await reasonOf(talk.log(['{}']))).toBe('delivered');
    const second = tlsOf(await bench.authority.client({ commonName: 'host-2' }));
    bench.write('client.pem', second.cert);
    bench.write('client.key', second.key);
    expect(await reasonOf(talk.log(['{}']))).toBe('delivered');
    expect(names).toEqual(['host-1', 'host-2']);
  });

  test('a key that does not fit says so', async () => {
    const one = tlsOf(await bench.authority.client({ commonName: 'host-1' }));
    const two = tlsOf(await bench.authority.client({ commonName: 'host-2' }));
    const change = { clientCert: bench.write('c.pem', one.cert), clientKey: bench.write('c.key', two.key) };
    await using talk = await bench.start(() => ok, { change });
    expect(await reasonOf(talk.log(['{}']))).toMatch(/^settings: cannot use --tls_client_cert, /);
  });
});

describe('no server', () => {
  test('nobody listens', async () => {
    await using talk = await bench.start(() => ok);
    const { port } = talk.server;
    await talk.server.close();
    expect(await reasonOf(talk.log(['{}']))).toMatch(
      new RegExp(`^connect: no connection to .*:${port} \\(ECONNREFUSED\\)$`),
    );
  });

  test('no such name', async () => {
    await using talk = await bench.start(() => ok, { change: { hostname: 'no-such-host.invalid' } });
    expect(await reasonOf(talk.log(['{}']))).toMatch(
      /^dns: no address for the host no-such-host\.invalid \(E/,
    );
  });

  test('plain HTTP where TLS should be', async () => {
    const plain = createServer((_, response) => response.end('{}'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    await using talk = await bench.start(() => ok, { change: { hostname: `localhost:${port}` } });
    expect(await reasonOf(talk.log(['{}']))).toBe(`tls: localhost:${port} does not speak TLS`);
    plain.close();
  });

  test.each([
    [{ hostname: '' }, '--tls_hostname is not set: it names the server, as host[:port]'],
    [{ hostname: 'a b' }, '--tls_hostname=a b is no host[:port]'],
    [{ hostname: 'host:port' }, '--tls_hostname=host:port is no host[:port]'],
  ])('%j', async (change, reason) => {
    await using talk = await bench.start(() => ok, { change });
    expect(await reasonOf(talk.log(['{}']))).toBe(`settings: ${reason}`);
  });
});
