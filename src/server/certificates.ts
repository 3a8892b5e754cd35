// @peculiar/x509 needs the metadata API, and needs it first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key, both PEM. The key is made at run time and is never written anywhere. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Default `osquery-remote`. */
  readonly commonName?: string;
  /** DNS names and IP addresses of the subject alternative name. Empty: a certificate with a common name alone. */
  readonly names?: readonly string[];
  /** Default one day ago. */
  readonly notBefore?: Date;
  /** Default in 30 days. */
  readonly notAfter?: Date;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 3_600_000;
const crypto = webcrypto;

/** A certificate authority for one run: ECDSA P-256, its key only in memory. */
export class CertificateAuthority {
  /** PEM, for `--tls_server_certs`. */
  readonly certificate: string;
  readonly #issuer: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(issuer: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#issuer = issuer;
    this.#keys = keys;
    this.certificate = pem(issuer);
  }

  static async create(commonName = 'osquery-remote throw-away CA'): Promise<CertificateAuthority> {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: serialNumber(),
        name: nameOf(commonName),
        ...validity({}),
        signingAlgorithm: algorithm,
        keys,
        extensions: [
          new x509.BasicConstraintsExtension(true, 0, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
        ],
      },
      crypto,
    );
    return new CertificateAuthority(certificate, keys);
  }

  /** A server certificate; by default for localhost, 127.0.0.1 and ::1. */
  server(options: CertificateOptions = {}): Promise<CertificatePair> {
    const names = options.names ?? ['localhost', '127.0.0.1', '::1'];
    return this.#issue({ ...options, names }, x509.ExtendedKeyUsage.serverAuth);
  }

  /** A client certificate. */
  client(options: CertificateOptions = {}): Promise<CertificatePair> {
    return this.#issue(options, x509.ExtendedKeyUsage.clientAuth);
  }

  async #issue(options: CertificateOptions, usage: x509.ExtendedKeyUsage): Promise<CertificatePair> {
    const keys = await makeKeys();
    const names = (options.names ?? []).map((value) => ({
      type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
      value,
    }));
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        subject: nameOf(options.commonName ?? 'osquery-remote'),
        issuer: this.#issuer.subject,
        ...validity(options),
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey: this.#keys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([usage]),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
          await x509.AuthorityKeyIdentifierExtension.create(this.#issuer, false, crypto),
        ],
      },
      crypto,
    );
    return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
  }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function nameOf(commonName: string): x509.JsonName {
  return [{ CN: [commonName] }];
}

function validity({ notBefore, notAfter }: CertificateOptions): { notBefore: Date; notAfter: Date } {
  // Certificates are judged by the machine's clock, so that they are made by it too.
  const now = Date.now();
  return { notBefore: notBefore ?? new Date(now - dayMs), notAfter: notAfter ?? new Date(now + 30 * dayMs) };
}

/** 16 random bytes, positive. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
