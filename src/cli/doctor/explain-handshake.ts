import { isIP } from 'node:net';
import type { DetailedPeerCertificate } from 'node:tls';
import { day, daysLeft, soonDays } from './certificates.ts';
import type { Handshake } from './handshake.ts';
import type { Address } from './route.ts';
import { show } from './route.ts';
import { type Finding, failure, ok, warning } from './step.ts';

/** What the handshake is judged by. */
export interface Expected {
  readonly server: Address;
  /** `--tls_server_certs` */
  readonly serverCerts: string;
  readonly hasClientCertificate: boolean;
}

/** What a handshake showed, in words that say what to do. */
export function explainHandshake(seen: Handshake, expected: Expected): Finding[] {
  const { certificate, protocol, verdict, error } = seen;
  if (protocol === '') return [explainError(error, expected)];
  if (verdict !== '') return [explainVerdict(verdict, certificate, expected)];
  const client = clientProblem(seen, expected);
  if (client !== undefined) return [client];
  if (error !== undefined) {
    const text = `${show(expected.server)} makes a TLS connection, and then closes it without an HTTP answer (${error.code})`;
    const reason = expected.hasClientCertificate
      ? 'may not accept the client certificate'
      : 'may want a client certificate';
    return [warning(text, `it ${reason}, or is no HTTPS server`)];
  }
  const until = `${protocol}, certificate for ${namesOf(certificate)} by ${issuerOf(certificate)} until ${day(certificate.valid_to)}`;
  const findings: Finding[] = [];
  if ((certificate.subjectaltname ?? '') === '') {
    findings.push(
      warning(
        `the certificate has a common name (${certificate.subject?.CN}) and no subjectAltName, which other clients refuse`,
        'have it issued with a subjectAltName',
      ),
    );
  }
  if (daysLeft(certificate.valid_to) < soonDays) {
    findings.push(warning(`the server's certificate ends on ${day(certificate.valid_to)}`, 'renew it'));
  }
  return [...findings, ok(until)];
}

/** No handshake. */
function explainError(
  error: NodeJS.ErrnoException | undefined,
  { server, hasClientCertificate }: Expected,
): Finding {
  const where = show(server);
  const { code = '', message = '' } = error ?? {};
  if (/wrong version number|packet length too long|http request/i.test(message)) {
    return failure(`${where} does not speak TLS`, 'is it the port of HTTPS?');
  }
  if (/unsupported protocol|protocol version|version too low/i.test(message)) {
    return failure(
      `${where} speaks neither TLS 1.2 nor 1.3`,
      'the server, or what stands in front of it, must be brought up to date',
    );
  }
  if (/certificate|unknown ca|handshake failure/i.test(message))
    return refusedClient(where, message, hasClientCertificate);
  if (code === 'ETIMEDOUT')
    return failure(`${where} accepts the connection and then says nothing`, 'is it the port of HTTPS?');
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    const reason = hasClientCertificate
      ? 'it may not accept the client certificate'
      : 'the server may not know this host name (SNI)';
    return failure(
      `${where} closes the connection during the handshake`,
      `${reason}, or something in between does not let it through`,
    );
  }
  return failure(
    `no TLS connection to ${where}: ${[code, message.trim()].filter((part) => part !== '').join(' ')}`,
  );
}

/** A certificate that is not good. */
function explainVerdict(
  verdict: string,
  certificate: DetailedPeerCertificate,
  { server, serverCerts }: Expected,
): Finding {
  const where = show(server);
  switch (verdict) {
    case 'CERT_HAS_EXPIRED': {
      const expired = chainOf(certificate).find(({ valid_to }) => daysLeft(valid_to) < 0) ?? certificate;
      return failure(
        `the certificate ${nameOf(expired)} of ${where} ended on ${day(expired.valid_to)}`,
        "renew it, unless this host's clock is wrong",
      );
    }
    case 'CERT_NOT_YET_VALID':
      return failure(
        `the certificate of ${where} begins on ${day(certificate.valid_from)}`,
        "look at this host's clock",
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return wrongName(certificate, server);
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return failure(
        `the certificate of ${where} is signed by itself, and not in --tls_server_certs=${serverCerts}`,
        'put this certificate into that file, or have it signed by a CA that is there',
      );
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return unknownCa(certificate, where, serverCerts);
    default:
      return failure(
        `the certificate of ${where} is not accepted (${verdict})`,
        'look at the certificate, and at --tls_server_certs',
      );
  }
}

function unknownCa(certificate: DetailedPeerCertificate, where: string, serverCerts: string): Finding {
  const chain = chainOf(certificate);
  const last = chain.at(-1) ?? certificate;
  const text = `no certificate in --tls_server_certs=${serverCerts} signs that of ${where}, which is by ${issuerOf(last)}`;
  const sentAlone =
    chain.length === 1 ? '; or let the server send its intermediate certificates too, if that is one' : '';
  return failure(text, `put the CA ${issuerOf(last)} into that file${sentAlone}`);
}

function wrongName(certificate: DetailedPeerCertificate, { host, port }: Address): Finding {
  const where = show({ host, port });
  if ((certificate.subjectaltname ?? '') === '' && isIP(host) !== 0) {
    return failure(
      `the certificate of ${where} has only a common name (${certificate.subject?.CN}), and an address needs a subjectAltName`,
      `have it issued with IP:${host}, or give a name in --tls_hostname`,
    );
  }
  return failure(
    `the certificate of ${where} is for ${namesOf(certificate)}, and not for ${host}`,
    'correct --tls_hostname, or have the certificate issued for this name',
  );
}

/** A server that wants a client certificate, as far as that shows. */
function clientProblem(
  { error, reply }: Handshake,
  { server, hasClientCertificate }: Expected,
): Finding | undefined {
  const where = show(server);
  const alert = error?.message ?? '';
  if (/certificate|unknown ca|handshake failure|access denied/i.test(alert))
    return refusedClient(where, alert, hasClientCertificate);
  // nginx completes the handshake, and complains in HTTP.
  if (/no required ssl certificate|ssl certificate error/i.test(reply))
    return refusedClient(where, 'HTTP 400', hasClientCertificate);
  return undefined;
}

function refusedClient(where: string, message: string, hasClientCertificate: boolean): Finding {
  const alert = /alert ([a-z ]+)/.exec(message)?.[1]?.trim() ?? message.trim();
  return hasClientCertificate
    ? failure(
        `${where} does not accept the client certificate (${alert})`,
        'compare --tls_client_cert with the CA that the server asks for, and its dates',
      )
    : failure(`${where} wants a client certificate (${alert})`, '--tls_client_cert and --tls_client_key');
}

/** As far as the server sent it, or our roots complete it: from the server's own certificate on. */
function chainOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  for (
    let next: DetailedPeerCertificate | undefined = certificate;
    next?.valid_to && !chain.includes(next);
    next = next.issuerCertificate
  )
    chain.push(next);
  return chain;
}

function namesOf(certificate: DetailedPeerCertificate): string {
  const names = (certificate.subjectaltname ?? '').replaceAll('DNS:', '').replaceAll('IP Address:', '');
  return names === '' ? `the common name ${certificate.subject?.CN ?? ''}` : names;
}

function nameOf({ subject }: DetailedPeerCertificate): string {
  return String(subject?.CN ?? 'without a name');
}

function issuerOf({ issuer }: DetailedPeerCertificate): string {
  return String(issuer?.CN ?? issuer?.O ?? 'an issuer without a name');
}
