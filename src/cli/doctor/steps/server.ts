import { flag, type Host, usesRemote } from '../host.ts';
import { proxyProblem } from '../route.ts';
import { hostProblems } from '../server-address.ts';
import { type Finding, failure, orOk, type Step, warning } from '../step.ts';

/** The flags that say where the server is, and what stands in front of it. */
export const server: Step = {
  name: 'server',
  needs: [],
  check(host) {
    const { hostname } = host.settings.transport;
    const problem = proxyProblem(host);
    const advice = '--proxy_hostname=[user:password@]host[:port]';
    const proxy = problem === undefined ? [] : [failure(problem, advice)];
    return orOk([...hostProblems(hostname), ...proxy], `https://${hostname}`);
  },
};

/** The flags that say what is where on the server. */
export const paths: Step = {
  name: 'paths',
  needs: [],
  check: (host) => orOk(endpointProblems(host), 'all that are needed are set'),
};

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
