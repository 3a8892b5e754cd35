// @peculiar/x509 needs the metadata API, and needs it first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type DetailedPeerCertificate, type TlsOptions } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { explainHandshake } from '../../src/cli/doctor/explain-handshake.ts';
import { CertificateAuthority, type CertificatePair } from '../../src/server/index.ts';
import { DoctorBench } from './doctor-bench.ts';

let bench: DoctorBench;
let closing: (() => void)[] = [];
beforeAll(async () => {
  bench = await DoctorBench.create();
});
afterAll(() => bench.close());
afterEach(() => {
  for (const close of closing) close();
  closing = [];
});

interface Listener {
  listen(port: number, host: string, then: () => void): unknown;
  address(): AddressInfo | string | null;
  close(): unknown;
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
}

async function listen(server: Listener): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** What the doctor finds about a server with this certificate. */
async function tlsOf(pair: CertificatePair, options: TlsOptions = {}, host = 'localhost', change = {}) {
  const server = createTlsServer({ cert: pair.certificate, key: pair.key, ...options }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'));
  });
  server.on('tlsClientError', () => {});
  const port = await listen(server);
  const found = (await bench.examine({ tls_hostname: `${host}:${port}`, ...change })).of('tls');
  return found.map((text) => text.replaceAll(String(port), '<port>'));
}

/** A certificate that no authority knows. */
async function selfSigned(): Promise<CertificatePair> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=localhost',
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
      signingAlgorithm: algorithm,
      keys,
    },
    webcrypto,
  );
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: made.toString('pem'), key: x509.PemConverter.encode(der, 'PRIVATE KEY') };
}

describe('--tls_hostname', () => {
  test.each([
    [undefined, '--tls_hostname is not set → --tls_hostname=host:port'],
    [
      'https://host',
      '--tls_hostname has a scheme in front, which osquery puts there itself → --tls_hostname=host:port, without https://',
    ],
    ['a b', '--tls_hostname is no host[:port]: a b → --tls_hostname=host:port'],
    ['me:a-made-up-password@host', '--tls_hostname is no host[:port]: …@host → --tls_hostname=host:port'],
  ])('%s', async (tls_hostname, text) => {
    const examined = await bench.examine({ tls_hostname });
    expect(examined.of('server')).toEqual([`failure server: ${text}`]);
    expect(examined.of('dns')).toEqual(['skipped dns: not tried: first server must be in order']);
    expect(examined.of('tls')).toEqual(['skipped tls: not tried: first proxy must be in order']);
    expect(examined.code).toBe(1);
  });

  test('and endpoints that are missing or have no slash', async () => {
    const examined = await bench.examine({
      logger_tls_endpoint: 'log',
      distributed_tls_read_endpoint: undefined,
    });
    expect(examined.of('paths')).toEqual([
      "warning paths: --logger_tls_endpoint does not start with a slash: we add it, osquery's own plugins do not → --logger_tls_endpoint=/log",
      "failure paths: --distributed_tls_read_endpoint is not set → --distributed_tls_read_endpoint=/path, as your server's documentation says",
    ]);
  });
});

describe('the way to the server', () => {
  test('a name without an address', async () => {
    const [found] = (await bench.examine({ tls_hostname: 'no-such-host.invalid' })).of('dns');
    expect(found).toMatch(
      /^failure dns: (no address|no name server answers) for no-such-host\.invalid \(E\w+\) → correct --tls_hostname, or the name servers in \/etc\/resolv\.conf$/,
    );
  });

  test('nobody listens', async () => {
    const examined = await bench.examine({ tls_hostname: '127.0.0.1:1' });
    expect(examined.of('dns')).toEqual(['ok dns: 127.0.0.1 is an address']);
    expect(examined.of('tcp')).toEqual([
      'failure tcp: no connection to 127.0.0.1:1 (ECONNREFUSED) → nobody listens there: is the server running, and is the port right?',
    ]);
  });

  test('plain HTTP where TLS should be', async () => {
    const port = await listen(createHttpServer((_, response) => response.end('{}')));
    const found = (await bench.examine({ tls_hostname: `localhost:${port}` })).of('tls');
    expect(found).toEqual([`failure tls: localhost:${port} does not speak TLS → is it the port of HTTPS?`]);
  });

  test('a port that says nothing, or closes at once', async () => {
    const silent = await listen(createTcpServer(() => {}));
    const examined = await bench.examine({ tls_hostname: `localhost:${silent}` }, { patienceMs: 1000 });
    expect(examined.of('tls')).toEqual([
      `failure tls: localhost:${silent} accepts the connection and then says nothing → is it the port of HTTPS?`,
    ]);
    const closing = await listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())));
    expect((await bench.examine({ tls_hostname: `localhost:${closing}` })).of('tls')).toEqual([
      `failure tls: localhost:${closing} closes the connection during the handshake → the server may not know this host name (SNI), or something in between does not let it through`,
    ]);
  });
});

describe('the certificate of the server', () => {
  test('in order', async () => {
    const [found] = await tlsOf(await bench.authority.server());
    expect(found).toMatch(
      /^ok tls: TLSv1\.3, certificate for localhost, 127\.0\.0\.1, 0:0:0:0:0:0:0:1 by the right CA until \d{4}-\d\d-\d\d$/,
    );
    expect((await tlsOf(await bench.authority.server(), { maxVersion: 'TLSv1.2' }))[0]).toMatch(
      /^ok tls: TLSv1\.2, /,
    );
  });

  test('of an unknown CA', async () => {
    const other = await CertificateAuthority.create('the other CA');
    expect(await tlsOf(await other.server())).toEqual([
      `failure tls: no certificate in --tls_server_certs=<dir>/ca.pem signs that of localhost:<port>, which is by the other CA → put the CA the other CA into that file; or let the server send its intermediate certificates too, if that is one`,
    ]);
    const { certificate, key } = await other.server();
    expect(await tlsOf({ certificate: certificate + other.certificate, key })).toEqual([
      'failure tls: no certificate in --tls_server_certs=<dir>/ca.pem signs that of localhost:<port>, which is by the other CA → put the CA the other CA into that file',
    ]);
  });

  test('signed by itself', async () => {
    const found = await tlsOf(await selfSigned());
    expect(found).toEqual([
      'failure tls: the certificate of localhost:<port> is signed by itself, and not in --tls_server_certs=<dir>/ca.pem → put this certificate into that file, or have it signed by a CA that is there',
    ]);
  });

  test('that is over, or has not begun', async () => {
    const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-02-03'), commonName: 'old' };
    expect(await tlsOf(await bench.authority.server(past))).toEqual([
      "failure tls: the certificate old of localhost:<port> ended on 2021-02-03 → renew it, unless this host's clock is wrong",
    ]);
    const future = { notBefore: new Date('2100-01-02'), notAfter: new Date('2101-01-01') };
    expect(await tlsOf(await bench.authority.server(future))).toEqual([
      "failure tls: the certificate of localhost:<port> begins on 2100-01-02 → look at this host's clock",
    ]);
    const soon = await tlsOf(
      await bench.authority.server({ notAfter: new Date(Date.now() + 3 * 86_400_000) }),
    );
    expect(soon[0]).toMatch(/^warning tls: the server's certificate ends on \S+ → renew it$/);
    expect(soon[1]).toMatch(/^ok tls: /);
  });

  test('for another name', async () => {
    const names = ['osquery.example.test', '10.1.2.3'];
    expect(await tlsOf(await bench.authority.server({ names }))).toEqual([
      'failure tls: the certificate of localhost:<port> is for osquery.example.test, 10.1.2.3, and not for localhost → correct --tls_hostname, or have the certificate issued for this name',
    ]);
    const named = await bench.authority.server({ names: [], commonName: 'other' });
    expect(await tlsOf(named)).toEqual([
      'failure tls: the certificate of localhost:<port> is for the common name other, and not for localhost → correct --tls_hostname, or have the certificate issued for this name',
    ]);
  });

  test('with a common name alone', async () => {
    const named = await bench.authority.server({ names: [], commonName: 'localhost' });
    expect((await tlsOf(named))[0]).toBe(
      'warning tls: the certificate has a common name (localhost) and no subjectAltName, which other clients refuse → have it issued with a subjectAltName',
    );
    const address = await bench.authority.server({ names: [], commonName: '127.0.0.1' });
    expect(await tlsOf(address, {}, '127.0.0.1')).toEqual([
      'failure tls: the certificate of 127.0.0.1:<port> has only a common name (127.0.0.1), and an address needs a subjectAltName → have it issued with IP:127.0.0.1, or give a name in --tls_hostname',
    ]);
  });

  test('of a server that speaks old versions only', async () => {
    const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    expect(await tlsOf(await bench.authority.server(), old)).toEqual([
      'failure tls: localhost:<port> speaks neither TLS 1.2 nor 1.3 → the server, or what stands in front of it, must be brought up to date',
    ]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of a server that wants one of the client (%s)',
    async (version) => {
      const ca = bench.authority.certificate;
      const wants = {
        ca,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      };
      const without = await tlsOf(await bench.authority.server(), wants);
      expect(without).toHaveLength(1);
      expect(without[0]).toMatch(
        /^failure tls: localhost:<port> wants a client certificate \((certificate required|handshake failure)\) → --tls_client_cert and --tls_client_key$/,
      );
      const files = ({ certificate, key }: CertificatePair) => ({
        tls_client_cert: bench.write('client.pem', certificate),
        tls_client_key: bench.write('client.key', key, 0o600),
      });
      const right = files(await bench.authority.client());
      expect((await tlsOf(await bench.authority.server(), wants, 'localhost', right))[0]).toMatch(
        /^ok tls: /,
      );
      // Node's server just closes; OpenSSL's own sends an alert.
      const wrong = files(await (await CertificateAuthority.create('the other CA')).client());
      expect(await tlsOf(await bench.authority.server(), wants, 'localhost', wrong)).toEqual([
        version === 'TLSv1.2'
          ? 'failure tls: localhost:<port> closes the connection during the handshake → it may not accept the client certificate, or something in between does not let it through'
          : 'warning tls: localhost:<port> makes a TLS connection, and then closes it without an HTTP answer (ECONNRESET) → it may not accept the client certificate, or is no HTTPS server',
      ]);
    },
  );

  test('of a server that says in HTTP that it wants one of the client', async () => {
    const { certificate: cert, key } = await bench.authority.server();
    const server = createTlsServer({ cert, key }, (socket) => {
      const page = 'HTTP/1.1 400 Bad Request\r\n\r\n400 No required SSL certificate was sent';
      socket.once('data', () => socket.end(page));
    });
    const port = await listen(server);
    expect((await bench.examine({ tls_hostname: `localhost:${port}` })).of('tls')).toEqual([
      `failure tls: localhost:${port} wants a client certificate (HTTP 400) → --tls_client_cert and --tls_client_key`,
    ]);
  });

  test('of something that speaks TLS and no HTTP', async () => {
    const { certificate: cert, key } = await bench.authority.server();
    const port = await listen(
      createTlsServer({ cert, key }, (socket) => socket.once('data', () => socket.end())),
    );
    expect((await bench.examine({ tls_hostname: `localhost:${port}` })).of('tls')).toEqual([
      `warning tls: localhost:${port} makes a TLS connection, and then closes it without an HTTP answer (ECONNRESET) → it may want a client certificate, or is no HTTPS server`,
    ]);
  });
});

test('an alert about the client certificate names it', () => {
  const seen = {
    protocol: 'TLSv1.3',
    verdict: '',
    certificate: {} as DetailedPeerCertificate,
    reply: '',
    error: new Error('error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca'),
  };
  const expected = { server: { host: 'h', port: 1 }, serverCerts: '', hasClientCertificate: true };
  expect(explainHandshake(seen, expected)).toEqual([
    {
      level: 'failure',
      text: 'h:1 does not accept the client certificate (unknown ca)',
      advice: 'compare --tls_client_cert with the CA that the server asks for, and its dates',
    },
  ]);
});

describe('a proxy', () => {
  const password = 'a-made-up-password';
  let asked: string[];

  async function startProxy(answer: 'connects' | number): Promise<string> {
    asked = [];
    const proxy: Server = createHttpServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      if (answer !== 'connects') {
        socket.end(`HTTP/1.1 ${answer} No\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const server = connect(Number(/:(\d+)$/.exec(request.url ?? '')?.[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        server.pipe(socket).pipe(server);
      });
      server.on('error', () => socket.destroy());
    });
    return `127.0.0.1:${await listen(proxy)}`;
  }

  test('that connects: the name of the server is not looked up here', async () => {
    const proxy_hostname = await startProxy('connects');
    const examined = await bench.examine({ proxy_hostname: `me:${password}@${proxy_hostname}` });
    expect(examined.of('dns')).toEqual(['ok dns: 127.0.0.1 is an address']);
    expect(examined.of('proxy')).toEqual([
      `ok proxy: ${proxy_hostname} connects to localhost:${bench.server.address.port}`,
    ]);
    expect(examined.of('tls')[0]).toMatch(/^ok tls: /);
    expect(asked).toHaveLength(2);
    expect(examined.out).not.toContain(password);
  });

  test.each([
    [407, '', 'asks for a name and a password (407): give them as --proxy_hostname=user:password@host:port'],
    [407, `me:${password}@`, 'refuses the name or password of --proxy_hostname (407)'],
    [403, '', 'answers HTTP 403 to CONNECT localhost:<port>'],
  ])('that answers %i to "%s"', async (status, credentials, says) => {
    const address = await startProxy(status);
    const examined = await bench.examine({ proxy_hostname: credentials + address });
    const text = says.replace('<port>', String(bench.server.address.port));
    expect(examined.of('proxy')).toEqual([
      `failure proxy: the proxy ${address} ${text} → ask whoever runs the proxy to let CONNECT through to this host and port, or set NO_PROXY`,
    ]);
    expect(examined.of('tls')).toEqual(['skipped tls: not tried: first proxy must be in order']);
    expect(examined.out).not.toContain(password);
  });

  test('that hangs', async () => {
    const port = await listen(createTcpServer(() => {}));
    const examined = await bench.examine({ proxy_hostname: `127.0.0.1:${port}` }, { patienceMs: 1000 });
    expect(examined.of('proxy')[0]).toContain(`failure proxy: no answer of 127.0.0.1:${port} within 1 s`);
  });

  test('whose name makes no sense', async () => {
    const examined = await bench.examine({ proxy_hostname: `me:${password}@a b` });
    expect(examined.of('server')).toEqual([
      'failure server: --proxy_hostname=a b is no host[:port] → --proxy_hostname=[user:password@]host[:port]',
    ]);
    expect(examined.out).not.toContain(password);
  });

  test('that is away, or not used', async () => {
    const away = await bench.examine({ proxy_hostname: '127.0.0.1:1' });
    expect(away.of('tcp')[0]).toContain('failure tcp: no connection to 127.0.0.1:1 (ECONNREFUSED)');
    const exempt = await bench.examine({ proxy_hostname: '127.0.0.1:1' }, { env: { NO_PROXY: 'localhost' } });
    expect(exempt.of('proxy')).toEqual(['ok proxy: not used: NO_PROXY names the server']);
    expect(exempt.of('tls')[0]).toMatch(/^ok tls: /);
  });
});
