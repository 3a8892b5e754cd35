import type { Outcome, TransportReply, TransportRequest, TransportSettings } from './transport/index.ts';

type Named = Pick<TransportSettings, 'hostname' | 'proxyHostname' | 'secretPath' | 'secretEnv'>;

/** Adds to a failure what a person can do about it, where the reason does not say so itself. */
export function withAdvice(
  reply: TransportReply,
  endpoint: TransportRequest['endpoint'],
  settings: Named,
): TransportReply {
  const { outcome } = reply;
  if (outcome.kind === 'delivered') return reply;
  const advice = adviceOn(outcome, endpoint, settings);
  return advice === ''
    ? reply
    : { ...reply, outcome: { ...outcome, reason: `${outcome.reason}: ${advice}` } };
}

function adviceOn(
  { kind, reason }: Exclude<Outcome, { kind: 'delivered' }>,
  endpoint: TransportRequest['endpoint'],
  { hostname, proxyHostname, secretPath, secretEnv }: Named,
): string {
  if (endpoint === 'enroll' && kind === 'refused') {
    if (secretPath !== '') return `check the enroll secret in --enroll_secret_path=${secretPath}`;
    if (secretEnv !== '')
      return `check the enroll secret in the variable of --enroll_secret_env=${secretEnv}`;
    return 'no enroll secret is given: set --enroll_secret_path';
  }
  const place = `--tls_hostname=${hostname}${proxyHostname === '' ? '' : ` and --proxy_hostname`}`;
  if (reason.startsWith('connect: ')) return `check that the server runs, and ${place}`;
  if (reason.startsWith('dns: ')) return `correct ${place}`;
  if (reason.startsWith('tls: no root ')) return "add the certificate of the server's CA to that file";
  return '';
}
