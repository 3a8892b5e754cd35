import { flag, type Host, usesRemote } from '../host.ts';
import { type Finding, failure, orOk, type Step, warning } from '../step.ts';

/** The flag that says where the server is. */
export const server: Step = {
  name: 'server',
  needs: [],
  check({ settings: { transport } }) {
    return orOk(hostProblems(transport.hostname), `https://${transport.hostname}`);
  },
};

/** The flags that say what is where on the server. */
export const paths: Step = {
  name: 'paths',
  needs: [],
  check: (host) => orOk(endpointProblems(host), 'all that are needed are set'),
};

/** Host and port of the server, as the transport reads them; `undefined` when the flag makes no sense. */
export function serverAddress(host: Pick<Host, 'settings'>): { host: string; port: number } | undefined {
  const uri = `https://${host.settings.transport.hostname}`;
  if (hostProblems(host.settings.transport.hostname).length > 0) return undefined;
  const url = new URL(uri);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 443 : Number(url.port) };
}

function hostProblems(hostname: string): Finding[] {
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

function endpointProblems(host: Host): Finding[] {
  const wanted = [
    ...(host.settings.enrollment.disabled ? [] : ['enroll_tls_endpoint']),
    ...(usesRemote(host, 'config') ? ['config_tls_endpoint'] : []),
    ...(usesRemote(host, 'logger') ? ['logger_tls_endpoint'] : []),
    ...(usesRemote(host, 'distributed')
      ? ['distributed_tls_read_endpoint', 'distributed_tls_write_endpoint']
      : []),
  ];
  return wanted.flatMap((name) => {
    const path = flag(host, name);
    if (path === '')
      return [failure(`--${name} is not set`, `--${name}=/path, as your server's documentation says`)];
    if (path.startsWith('/')) return [];
    return [
      warning(
        `--${name} does not start with a slash: we add it, osquery's own plugins do not`,
        `--${name}=/${path}`,
      ),
    ];
  });
}
