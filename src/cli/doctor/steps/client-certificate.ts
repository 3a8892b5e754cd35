import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { certificatesIn, day, daysLeft, isExpired, isFuture, nameOf, soonDays } from '../certificates.ts';
import { modeOf, othersMay, whyUnreadable } from '../files.ts';
import { type Finding, failure, ok, type Step, warning } from '../step.ts';

/** `--tls_client_cert` and `--tls_client_key`: both or neither, and one for the other. */
export const clientCertificate: Step = {
  name: 'client cert',
  needs: [],
  check(host) {
    const { clientCert, clientKey } = host.settings.transport;
    if (clientCert === '' && clientKey === '') return [ok('none')];
    if (clientCert === '' || clientKey === '') {
      const [given, missing] = clientCert === '' ? ['key', 'cert'] : ['cert', 'key'];
      return [
        failure(
          `--tls_client_${given} is set without --tls_client_${missing}, so neither is used`,
          `add --tls_client_${missing}`,
        ),
      ];
    }
    for (const [name, path] of [
      ['tls_client_cert', clientCert],
      ['tls_client_key', clientKey],
    ] as const) {
      const why = whyUnreadable(path);
      if (why !== undefined)
        return [
          failure(
            `cannot read --${name}=${path}: ${why}`,
            'osquery would go on without a client certificate, we do not',
          ),
        ];
    }
    return pair(clientCert, clientKey);
  },
};

function pair(certPath: string, keyPath: string): Finding[] {
  let certificate: X509Certificate | undefined;
  try {
    certificate = certificatesIn(readFileSync(certPath, 'latin1'))[0];
  } catch {
    certificate = undefined;
  }
  if (certificate === undefined)
    return [
      failure(
        `--tls_client_cert=${certPath} holds no certificate that can be read`,
        'it must be PEM, the own certificate first',
      ),
    ];
  const key = readKey(keyPath);
  if (typeof key === 'string')
    return [failure(`--tls_client_key=${keyPath} ${key}`, 'it must be PEM, without a passphrase')];
  if (!certificate.checkPrivateKey(key)) {
    return [
      failure('--tls_client_key is not the key of --tls_client_cert', 'give the two that were made together'),
    ];
  }
  if (isExpired(certificate))
    return [
      failure(
        `the client certificate ${nameOf(certificate)} ended on ${day(certificate.validTo)}`,
        'renew it',
      ),
    ];
  if (isFuture(certificate))
    return [
      failure(
        `the client certificate ${nameOf(certificate)} begins on ${day(certificate.validFrom)}`,
        "look at this host's clock",
      ),
    ];
  const findings: Finding[] = [];
  if (othersMay(keyPath, 0o077))
    findings.push(
      warning(`${keyPath} is not for osqueryd alone (mode ${modeOf(keyPath)})`, `chmod 600 ${keyPath}`),
    );
  const left = daysLeft(certificate.validTo);
  if (left < soonDays)
    findings.push(
      warning(
        `the client certificate ${nameOf(certificate)} ends on ${day(certificate.validTo)}`,
        'renew it',
      ),
    );
  return findings.length > 0 ? findings : [ok(`${nameOf(certificate)}, until ${day(certificate.validTo)}`)];
}

/** The key, or what is wrong with it. */
function readKey(path: string): KeyObject | string {
  const pem = readFileSync(path);
  if (/ENCRYPTED/.test(pem.toString('latin1')))
    return 'is encrypted, and there is nobody to ask for its passphrase';
  try {
    return createPrivateKey(pem);
  } catch {
    return 'holds no private key that can be read';
  }
}
