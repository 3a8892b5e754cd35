import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type DetailedPeerCertificate } from 'node:tls';
import type { TransportSettings } from '../../plugins/transport/index.ts';

/** What a handshake showed. The certificate is judged, not trusted: nothing that is secret goes over this connection. */
export interface Handshake {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** OpenSSL's or Node's code of what is wrong with the certificate; empty when it is good. */
  readonly verdict: string;
  readonly certificate: DetailedPeerCertificate;
  /** Start of what came back for `GET /`, empty if nothing did. */
  readonly reply: string;
  /** Why the connection ended before that. */
  readonly error: NodeJS.ErrnoException | undefined;
}

/**
 * Makes a handshake, and asks for `/`: with TLS 1.3 a server that misses a client certificate says so only after the
 * handshake. Never rejects: without a certificate the handshake failed, for the reason in `error`.
 */
export function shakeHands(
  socket: Socket,
  host: string,
  settings: Pick<TransportSettings, 'serverCerts' | 'clientCert' | 'clientKey'>,
  patienceMs: number,
): Promise<Handshake> {
  const { serverCerts, clientCert, clientKey } = settings;
  const client =
    clientCert !== '' && clientKey !== ''
      ? { cert: readFileSync(clientCert), key: readFileSync(clientKey) }
      : {};
  const secureContext = createSecureContext({
    ca: readFileSync(serverCerts),
    minVersion: 'TLSv1.2',
    ...client,
  });
  return new Promise((resolve) => {
    const tls = connect({
      socket,
      host,
      servername: isIP(host) === 0 ? host : '',
      secureContext,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    let shown: Pick<Handshake, 'protocol' | 'verdict' | 'certificate'> = {
      protocol: '',
      verdict: '',
      certificate: {} as DetailedPeerCertificate,
    };
    const end = (reply: string, error?: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ ...shown, reply, error });
      tls.destroy();
    };
    const timer = setTimeout(() => end('', code('ETIMEDOUT')), patienceMs);
    tls.once('secureConnect', () => {
      // Typed as an error, and a code in truth.
      const verdict: unknown = tls.authorized ? '' : tls.authorizationError;
      shown = {
        protocol: tls.getProtocol() ?? '',
        verdict:
          verdict instanceof Error
            ? ((verdict as NodeJS.ErrnoException).code ?? verdict.message)
            : String(verdict ?? ''),
        certificate: tls.getPeerCertificate(true),
      };
      tls.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    tls.once('data', (chunk: Buffer) => end(chunk.toString('latin1')));
    tls.on('error', (error: NodeJS.ErrnoException) => end('', error));
    tls.once('close', () => end('', code('ECONNRESET')));
  });
}

function code(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(name), { code: name });
}
