import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { replyBytes } from './reply-bytes.ts';
import type { ConnectionFault } from './script.ts';

export interface FaultOptions {
  /** For the faults that are about certificates: the wrong one. */
  readonly secureContext: SecureContext;
  /** No byte will come any more. */
  readonly hold: () => void;
  /** The client has sent something over a connection that it must not trust. */
  readonly onTrusted: () => void;
}

/** The server offers both, and would prefer the newer. osquery speaks the older alone. */
export const protocols = { ALPNProtocols: ['h2', 'http/1.1'] };

/** Spoils a connection before there is any request. */
export function spoil(raw: Socket, fault: ConnectionFault, options: FaultOptions): void {
  switch (fault) {
    case 'refuse':
    case 'close':
      raw.end();
      return;
    case 'reset':
      raw.resetAndDestroy();
      return;
    case 'reset in the handshake':
      raw.once('data', () => raw.resetAndDestroy());
      return;
    case 'hang':
      raw.resume();
      options.hold();
      return;
    case 'garbage':
      raw.resume();
      raw.end('SSH-2.0-OpenSSH_9.2p1\r\n');
      return;
    case 'plain HTTP':
      raw.once('data', () => {
        const body = 'This combination of host and port requires TLS.';
        raw.end(replyBytes({ status: 400, body, framing: 'close' }));
      });
      return;
    default:
      handshake(raw, fault === 'client certificate', options);
  }
}

function handshake(raw: Socket, wantsCertificate: boolean, { secureContext, onTrusted }: FaultOptions): void {
  const tls = new TLSSocket(raw, {
    isServer: true,
    secureContext,
    requestCert: wantsCertificate,
    rejectUnauthorized: wantsCertificate,
    ...protocols,
  });
  tls.on('error', () => raw.destroy());
  if (wantsCertificate) {
    // With TLS 1.3 a client learns after its first request that its certificate was missed.
    tls.on('secure', () => tls.authorized || raw.destroy());
    tls.resume();
  } else {
    tls.on('data', onTrusted);
  }
}
