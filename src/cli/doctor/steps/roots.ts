import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { certificatesIn, day, isExpired, isFuture, nameOf } from '../certificates.ts';
import { whyUnreadable } from '../files.ts';
import { failure, ok, type Step, warning } from '../step.ts';

/** With so many certificates it is not a bundle that somebody made for a server of their own. */
const publicBundle = 20;

/** The bundle of `--tls_server_certs`, the only roots that count. */
export const roots: Step = {
  name: 'roots',
  needs: [],
  check(host) {
    const path = host.settings.transport.serverCerts;
    if (path === '')
      return [
        failure(
          '--tls_server_certs is empty: there is no root to trust',
          '--tls_server_certs=/path/to/ca.pem',
        ),
      ];
    const why = whyUnreadable(path);
    if (why !== undefined)
      return [
        failure(
          `cannot read --tls_server_certs=${path}: ${why}`,
          'name a PEM file with the CA of your server',
        ),
      ];
    let certificates: X509Certificate[];
    try {
      certificates = certificatesIn(readFileSync(path, 'latin1'));
    } catch (error) {
      return [
        failure(
          `a certificate in --tls_server_certs=${path} is damaged: ${error instanceof Error ? error.message : error}`,
          'copy the file anew',
        ),
      ];
    }
    if (certificates.length === 0)
      return [
        failure(
          `--tls_server_certs=${path} holds no PEM certificate`,
          'it must have lines -----BEGIN CERTIFICATE-----',
        ),
      ];
    const expired = certificates.filter((certificate) => isExpired(certificate));
    const future = certificates.filter((certificate) => isFuture(certificate));
    const useless = expired.length + future.length;
    const names = [...expired.map(ended), ...future.map(begins)].slice(0, 3).join(', ');
    if (useless === certificates.length) {
      return [
        failure(
          `no certificate in --tls_server_certs=${path} is valid now: ${names}`,
          "get the server's present CA, and look at this host's clock",
        ),
      ];
    }
    const text = `${certificates.length} ${certificates.length === 1 ? 'certificate' : 'certificates'} in ${path}`;
    // A bundle of public roots always has some old ones.
    if (useless === 0 || certificates.length >= publicBundle) return [ok(text)];
    return [warning(`${text}, ${useless} of them not valid now: ${names}`, 'remove them')];
  },
};

function ended(certificate: X509Certificate): string {
  return `${nameOf(certificate)} ended on ${day(certificate.validTo)}`;
}

function begins(certificate: X509Certificate): string {
  return `${nameOf(certificate)} begins on ${day(certificate.validFrom)}`;
}
