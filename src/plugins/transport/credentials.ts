import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { RemoteError } from './error.ts';
import { unreadable } from './secret.ts';
import type { TransportSettings } from './settings.ts';

export type CredentialFiles = Pick<TransportSettings, 'serverCerts' | 'clientCert' | 'clientKey'>;

/** Roots and client certificate, made ready for handshakes. One object per content of the files. */
export interface Credentials {
  readonly context: SecureContext;
}

/**
 * The certificates of the flags. They are read again when a file changes, so that a new certificate counts without a
 * restart.
 */
export class CredentialStore {
  #mark = '';
  #current: Credentials | undefined;

  /**
   * @throws {RemoteError} `settings` if a file cannot be read or used. Looked at again at the next call.
   */
  read(files: CredentialFiles): Credentials {
    const mark = markOf(files);
    if (this.#current === undefined || mark !== this.#mark) {
      this.#current = load(files);
      this.#mark = mark;
    }
    return this.#current;
  }
}

/** True if both halves of a client certificate are named. */
export function hasClientCertificate({ clientCert, clientKey }: CredentialFiles): boolean {
  return clientCert !== '' && clientKey !== '';
}

function load(files: CredentialFiles): Credentials {
  const { serverCerts, clientCert, clientKey } = files;
  if (serverCerts === '') {
    throw new RemoteError('settings', '--tls_server_certs is empty: there is no root to trust');
  }
  // Node takes an empty list of roots for "use the built-in ones", which osquery never trusts.
  const ca = readPem('tls_server_certs', serverCerts);
  if (!ca.includes('-----BEGIN CERTIFICATE-----') && !ca.includes('-----BEGIN TRUSTED CERTIFICATE-----')) {
    throw new RemoteError('settings', `--tls_server_certs=${serverCerts} holds no PEM certificate`);
  }
  const client = hasClientCertificate(files)
    ? { cert: readPem('tls_client_cert', clientCert), key: readPem('tls_client_key', clientKey) }
    : {};
  try {
    // Node passes over roots that it cannot read. Then nobody would know why every handshake fails.
    new X509Certificate(ca);
    return { context: createSecureContext({ ca, minVersion: 'TLSv1.2', ...client }) };
  } catch (cause) {
    // OpenSSL's message names the defect and never quotes the file.
    const why = cause instanceof Error ? cause.message : String(cause);
    const flags = hasClientCertificate(files)
      ? 'tls_client_cert, --tls_client_key or --tls_server_certs'
      : 'tls_server_certs';
    throw new RemoteError('settings', `cannot use --${flags}: ${why}`, { cause });
  }
}

function readPem(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(flag, path, error);
  }
}

/** What changes when a file is written anew or replaced. */
function markOf({ serverCerts, clientCert, clientKey }: CredentialFiles): string {
  return [serverCerts, clientCert, clientKey]
    .map((path) => {
      const stat = path === '' ? undefined : statSync(path, { throwIfNoEntry: false, bigint: true });
      return stat === undefined
        ? path
        : `${path} ${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
    })
    .join('\n');
}
