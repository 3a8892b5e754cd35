import { expect, test } from 'vitest';
import { withAdvice } from './advice.ts';
import type { Outcome } from './transport/index.ts';

const flags = { hostname: 'osquery.example', proxyHostname: '', secretPath: '', secretEnv: '' };

function advised(outcome: Outcome, endpoint: 'enroll' | 'log' = 'log', change: Partial<typeof flags> = {}) {
  const reply = withAdvice({ outcome, attempts: 1 }, endpoint, { ...flags, ...change });
  return reply.outcome.kind === 'delivered' ? '' : reply.outcome.reason;
}

test('a refused enrollment leads to the secret, wherever it comes from, and does not show it', () => {
  const refused: Outcome = { kind: 'refused', reason: 'HTTP 401: no' };
  expect(advised(refused, 'enroll', { secretPath: '/s', secretEnv: 'S' })).toBe(
    'HTTP 401: no: check the enroll secret in --enroll_secret_path=/s',
  );
  expect(advised(refused, 'enroll', { secretEnv: 'S' })).toBe(
    'HTTP 401: no: check the enroll secret in the variable of --enroll_secret_env=S',
  );
  expect(advised(refused, 'enroll')).toBe(
    'HTTP 401: no: no enroll secret is given: set --enroll_secret_path',
  );
  expect(advised(refused, 'log')).toBe('HTTP 401: no');
});

test('a server that cannot be reached leads to the flags that name it', () => {
  const failed = (reason: string): Outcome => ({ kind: 'retry', reason });
  expect(advised(failed('connect: no connection'))).toBe(
    'connect: no connection: check that the server runs, and --tls_hostname=osquery.example',
  );
  expect(advised(failed('connect: no connection'), 'log', { proxyHostname: 'proxy' })).toBe(
    'connect: no connection: check that the server runs, and --tls_hostname=osquery.example and --proxy_hostname',
  );
  expect(advised(failed('dns: no address'))).toBe('dns: no address: correct --tls_hostname=osquery.example');
});

test('what says enough stays as it is', () => {
  expect(advised({ kind: 'retry', reason: 'HTTP 503' })).toBe('HTTP 503');
  const delivered = { outcome: { kind: 'delivered', body: new Uint8Array(0) }, attempts: 1 } as const;
  expect(withAdvice(delivered, 'enroll', flags)).toBe(delivered);
});
