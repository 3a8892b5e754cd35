import { hostname } from 'node:os';
import { withTransport } from '../conversation.ts';
import { flag, type Host } from '../host.ts';
import { type Finding, failure, ok, type Step, skipped } from '../step.ts';

/** osquery's bit masks (`platform_type.h`). */
const platformMasks: Partial<Record<NodeJS.Platform, string>> = {
  linux: '9',
  darwin: '21',
  win32: '2',
  freebsd: '37',
};

/** Enrolls, if that is asked for: it makes a node on the server. */
export const enroll: Step = {
  name: 'enroll',
  needs: ['secret', 'module', 'tls'],
  check(host) {
    if (!host.enroll) return [skipped('not tried, as it makes a node on the server (--enroll)')];
    if (flag(host, 'enroll_tls_endpoint') === '')
      return [skipped('not tried: --enroll_tls_endpoint is not set')];
    return enrollNow(host);
  },
};

async function enrollNow(host: Host): Promise<Finding[]> {
  const name = `${hostname()}-osquery-remote-doctor`;
  const { outcome } = await withTransport(host, (transport) =>
    transport.request(
      {
        endpoint: 'enroll',
        hostIdentifier: name,
        platformType: platformMasks[process.platform] ?? '1',
        hostDetails: { system_info: { hostname: name, uuid: name }, osquery_info: { version: '5.23.0' } },
      },
      host.signal,
    ),
  );
  if (outcome.kind === 'delivered') {
    host.nodeKey = Buffer.from(outcome.body).toString();
    return [ok(`the server gave a node key to ${name}; remove that node there`)];
  }
  if (outcome.kind === 'refused') {
    return [
      failure(
        `the server gives no node key: ${outcome.reason}`,
        'compare the enroll secret with that of the server',
      ),
    ];
  }
  return [failure(outcome.reason, 'correct --enroll_tls_endpoint, or look at the log of the server')];
}
