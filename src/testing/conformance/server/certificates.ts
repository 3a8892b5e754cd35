import { createSecureContext, type SecureContext } from 'node:tls';
import { CertificateAuthority, type CertificatePair } from '../../../server/index.ts';
import type { ConnectionFault } from './script.ts';

const dayMs = 86_400_000;

/** The name under which clients are told to find the server. */
export const serverName = 'localhost';

/** All certificates of a run, made once: good ones, and for each fault one that is wrong in exactly one way. */
export class Certificates {
  /** PEM of the one root that clients trust. */
  readonly root: string;
  readonly good: SecureContext;
  /** For clients. No server of a cell looks at it. */
  readonly client: CertificatePair;
  readonly #bad: ReadonlyMap<ConnectionFault, SecureContext>;

  private constructor(
    root: string,
    client: CertificatePair,
    good: SecureContext,
    bad: ReadonlyMap<ConnectionFault, SecureContext>,
  ) {
    this.root = root;
    this.client = client;
    this.good = good;
    this.#bad = bad;
  }

  static async create(): Promise<Certificates> {
    const authority = await CertificateAuthority.create('conformance CA');
    const stranger = await CertificateAuthority.create('a CA that nobody trusts');
    const names = [serverName];
    const now = Date.now();
    const pair = await authority.server({ names });
    const pairs = {
      'unknown CA': await stranger.server({ names }),
      'wrong name': await authority.server({ names: ['other.example.test'] }),
      'common name only': await authority.server({ commonName: 'other.example.test', names: [] }),
      expired: await authority.server({
        names,
        notBefore: new Date(now - 20 * dayMs),
        notAfter: new Date(now - dayMs),
      }),
      'not valid yet': await authority.server({ names, notBefore: new Date(now + dayMs) }),
    } as const;
    const bad = new Map<ConnectionFault, SecureContext>();
    for (const [fault, wrong] of Object.entries(pairs)) bad.set(fault as ConnectionFault, contextOf(wrong));
    const ca = authority.certificate;
    bad.set('client certificate', createSecureContext({ cert: pair.certificate, key: pair.key, ca }));
    bad.set(
      'TLS 1.1',
      createSecureContext({
        cert: pair.certificate,
        key: pair.key,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
    );
    return new Certificates(ca, await authority.client(), contextOf(pair), bad);
  }

  /** Undefined for faults that are not about certificates. */
  bad(fault: ConnectionFault): SecureContext | undefined {
    return this.#bad.get(fault);
  }
}

function contextOf({ certificate, key }: CertificatePair): SecureContext {
  return createSecureContext({ cert: certificate, key });
}
