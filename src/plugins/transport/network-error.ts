import { isIP } from 'node:net';
import { RemoteError, type RemoteErrorCode } from './error.ts';
import type { Secrets } from './secrets.ts';

/** Where a connection went, for messages. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** `tls_server_certs`. */
  readonly serverCerts: string;
}

/**
 * An error of Node's sockets, of TLS or of undici, in words that say what to do.
 */
export function networkError(thrown: unknown, target: Target, secrets: Secrets): RemoteError {
  if (thrown instanceof RemoteError) return thrown;
  const error = innermost(thrown);
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const where = `${target.host}:${target.port}`;
  const make = (kind: RemoteErrorCode, text: string) =>
    new RemoteError(kind, text, { cause: thrown, secrets });

  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return make('protocol', `the answer of ${where} is not HTTP: ${message}`);
  }
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
      return make('dns', `no address for the host ${hostnameOf(error) ?? target.host} (${code})`);
    case 'ECONNREFUSED':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return make('connect', `no connection to ${addressOf(error) ?? where} (${code})`);
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return make('reset', `${where} closed the connection before its answer was complete`);
    case 'UND_ERR_HEADERS_OVERFLOW':
      return make('reply_too_large', `the head of the answer of ${where} is too large`);
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return make('reply_too_large', `the answer of ${where} is too large`);
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return make('tls', nameMismatch(error, target));
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return make(
        'tls',
        `the certificate of ${where} is out of its time (${code}): check it, and this host's clock`,
      );
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
    case 'INVALID_CA':
      return make(
        'tls',
        `no root in --tls_server_certs=${target.serverCerts} signs the certificate of ${where} (${code})`,
      );
    default:
      return other(code, message, where, make);
  }
}

function other(
  code: string,
  message: string,
  where: string,
  make: (kind: RemoteErrorCode, text: string) => RemoteError,
): RemoteError {
  if (/wrong version number|packet length too long|http request/i.test(message)) {
    return make('tls', `${where} does not speak TLS`);
  }
  if (/unsupported protocol|protocol version/i.test(message)) {
    return make('tls', `${where} speaks no TLS version from 1.2 on`);
  }
  if (
    /certificate required|bad certificate|handshake failure|unknown ca|certificate unknown/i.test(message)
  ) {
    return make(
      'tls',
      `${where} refused the handshake: it may want a client certificate (${message.trim()})`,
    );
  }
  const tls =
    code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code.includes('CERT');
  return make(tls ? 'tls' : 'internal', `${where}: ${code === '' ? '' : `${code} `}${message.trim()}`);
}

/** undici wraps some errors; several addresses that all failed come as one `AggregateError`. */
function innermost(thrown: unknown): unknown {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return thrown.errors[0];
  return thrown;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function hostnameOf(error: unknown): string | undefined {
  return error instanceof Error && 'hostname' in error ? String(error.hostname) : undefined;
}

function addressOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('address' in error) || !('port' in error)) return undefined;
  return `${error.address}:${error.port}`;
}

function nameMismatch(error: unknown, { host, port }: Target): string {
  const cert =
    error instanceof Error && 'cert' in error
      ? (error.cert as { subjectaltname?: string; subject?: { CN?: string } })
      : {};
  const certificate = `the certificate of ${host}:${port}`;
  const names = cert.subjectaltname ?? '';
  if (names === '' && isIP(host) !== 0) {
    return `${certificate} has only a common name: an address needs a subjectAltName that names it`;
  }
  const owner = names === '' ? `the common name ${cert.subject?.CN ?? ''}` : names;
  return `${certificate} is for ${owner}, not for ${host}: correct --tls_hostname or the certificate`;
}
