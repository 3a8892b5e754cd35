import type { Host } from './host.ts';
import type { Address } from './route.ts';
import { type Finding, failure } from './step.ts';

/** Host and port of the server, as the transport reads them; `undefined` when the flag makes no sense. */
export function serverAddress(host: Pick<Host, 'settings'>): Address | undefined {
  const uri = `https://${host.settings.transport.hostname}`;
  if (hostProblems(host.settings.transport.hostname).length > 0) return undefined;
  const url = new URL(uri);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 443 : Number(url.port) };
}

/** What is wrong with `--tls_hostname`. */
export function hostProblems(hostname: string): Finding[] {
  const advice = '--tls_hostname=host:port';
  if (hostname === '') return [failure('--tls_hostname is not set', advice)];
  if (/^\w+:\/\//.test(hostname)) {
    return [
      failure(
        '--tls_hostname has a scheme in front, which osquery puts there itself',
        `${advice}, without https://`,
      ),
    ];
  }
  const url = URL.canParse(`https://${hostname}`) ? new URL(`https://${hostname}`) : undefined;
  // Somebody may have put a password there.
  if (url === undefined || url.hostname === '' || url.username !== '' || /\s/.test(hostname)) {
    return [failure(`--tls_hostname is no host[:port]: ${hostname.replace(/^.*@/, '…@')}`, advice)];
  }
  return [];
}
