import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { CertificateAuthority } from '../../src/server/index.ts';
import { send } from './support/client.ts';
import { startServer } from './support/servers.ts';

test('the throw-away certificate is good for localhost, 127.0.0.1 and ::1, and only with its CA', async () => {
  const server = await startServer();
  const ca = await readFile(server.caFile, 'utf8');
  for (const host of ['localhost', '127.0.0.1', '::1']) {
    const { subjectAltName } = new X509Certificate(await serverCertificate(server.address.port, ca));
    expect(subjectAltName?.toUpperCase()).toContain(host === '::1' ? '0:0:0:0:0:0:0:1' : host.toUpperCase());
  }
  expect((await send(server, '/config', {}, { tls: { servername: 'localhost' } })).status).toBe(200);
  expect((await send(server, '/config', {})).status).toBe(200);
  const authority = new X509Certificate(ca);
  expect(authority.ca).toBe(true);
  const other = (await CertificateAuthority.create()).certificate;
  await expect(send(server, '/config', {}, { tls: { ca: other } })).rejects.toThrow();
  await expect(send(server, '/config', {}, { tls: { ca: [] } })).rejects.toThrow();
});

test('only TLS from 1.2 on and HTTP/1.1 are spoken', async () => {
  const server = await startServer();
  const ca = await readFile(server.caFile);
  const { port } = server.address;
  const handshake = (options: object) =>
    new Promise<string>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', ca, ...options }, () => {
        resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`);
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  expect(await handshake({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 false');
  expect(await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).toBe('TLSv1.3 http/1.1');
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  expect(await handshake(old)).toMatch(/PROTOCOL/);
});

test('a given certificate is used as it is', async () => {
  const authority = await CertificateAuthority.create('another CA');
  const tls = { ...(await authority.server({ names: ['osquery.test'] })), ca: authority.certificate };
  const server = await startServer({ tls });
  expect(await readFile(server.caFile, 'utf8')).toBe(authority.certificate);
  await expect(send(server, '/config', {})).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  const answer = await send(server, '/config', {}, { tls: { servername: 'osquery.test' } });
  expect(answer.json).toEqual({ node_invalid: true });
});

test('certificates can be made wrong on purpose: another host, a common name alone, expired, not yet valid', async () => {
  const authority = await CertificateAuthority.create();
  const year = 365 * 24 * 3_600_000;
  const now = Date.now();
  const cases = [
    [await authority.server({ names: ['elsewhere.test'] }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [await authority.server({ commonName: '127.0.0.1', names: [] }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      await authority.server({ notBefore: new Date(now - 2 * year), notAfter: new Date(now - year) }),
      'CERT_HAS_EXPIRED',
    ],
    [
      await authority.server({ notBefore: new Date(now + year), notAfter: new Date(now + 2 * year) }),
      'CERT_NOT_YET_VALID',
    ],
    [await authority.client({ names: ['127.0.0.1'] }), 'INVALID_PURPOSE'],
  ] as const;
  for (const [pair, code] of cases) {
    const server = await startServer({ tls: { ...pair, ca: authority.certificate } });
    await expect(send(server, '/config', {})).rejects.toMatchObject({ code });
  }
  const [, [commonNameAlone]] = cases;
  expect(new X509Certificate(commonNameAlone.certificate).subjectAltName).toBeUndefined();
});

test('with a client CA only clients with its certificate get in', async () => {
  const clients = await CertificateAuthority.create('clients');
  const server = await startServer({ clientCa: clients.certificate });
  const { certificate: cert, key } = await clients.client({ commonName: 'host-1' });
  const body = { enroll_secret: 'made-up-secret', host_identifier: 'host-1' };
  expect((await send(server, '/enroll', body, { tls: { cert, key } })).json).toHaveProperty('node_key');
  await expect(send(server, '/enroll', body)).rejects.toThrow();
  const stranger = await (await CertificateAuthority.create('strangers')).client();
  const tls = { cert: stranger.certificate, key: stranger.key };
  await expect(send(server, '/enroll', body, { tls })).rejects.toThrow();
  expect(server.nodes).toHaveLength(1);
  await server.events.waitFor('bad_request', ({ place }) => place === 'TLS handshake');
});

function serverCertificate(port: number, ca: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      resolve(socket.getPeerCertificate().raw);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
