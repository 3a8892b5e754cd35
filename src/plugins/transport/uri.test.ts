import { describe, expect, test } from 'vitest';
import type { Endpoint } from './request.ts';
import type { TransportSettings } from './settings.ts';
import { makeUri } from './uri.ts';

const endpoints = {
  enroll: '/enroll',
  config: '/config?x=1',
  log: '/log',
  distributedRead: '/read',
  distributedWrite: '/write',
};

type Change = Partial<
  Pick<TransportSettings, 'hostname' | 'endpoints' | 'secretAlways' | 'nodeApi' | 'enrollOverride'>
>;

function uri(endpoint: Endpoint, change: Change = {}): string {
  const settings = {
    hostname: 'tls.example.com',
    endpoints,
    secretAlways: false,
    nodeApi: false,
    enrollOverride: 'enroll_secret',
    ...change,
  } as TransportSettings;
  return makeUri(settings, endpoint, 'a&b=c d#+%', 'k/1').href;
}

test('host and path stand one behind the other', () => {
  expect(uri('log')).toBe('https://tls.example.com/log');
  expect(uri('distributed_read', { hostname: 'tls.example.com:8080' })).toBe(
    'https://tls.example.com:8080/read',
  );
  expect(uri('log', { hostname: 'tls.example.com:443' })).toBe('https://tls.example.com/log');
  expect(uri('log', { hostname: '[::1]:8080' })).toBe('https://[::1]:8080/log');
});

test('the host may carry the start of the path', () => {
  expect(uri('log', { hostname: 'tls.example.com/a/b' })).toBe('https://tls.example.com/a/b/log');
  const bare = { ...endpoints, log: 'log' };
  expect(uri('log', { hostname: 'tls.example.com/a/', endpoints: bare })).toBe(
    'https://tls.example.com/a/log',
  );
});

test('a slash that is missing is added', () => {
  expect(uri('log', { endpoints: { ...endpoints, log: 'log' } })).toBe('https://tls.example.com/log');
});

test('tls_secret_always puts the secret behind ? or &, encoded', () => {
  const secretAlways = true;
  const secret = 'a%26b%3Dc%20d%23%2B%25';
  expect(uri('enroll', { secretAlways })).toBe(`https://tls.example.com/enroll?enroll_secret=${secret}`);
  expect(uri('config', { secretAlways })).toBe(`https://tls.example.com/config?x=1&enroll_secret=${secret}`);
  expect(uri('log', { secretAlways, enrollOverride: 'token' })).toBe(
    `https://tls.example.com/log?token=${secret}`,
  );
});

test('tls_node_api puts the key in front of the path and behind it, but not for an enrollment', () => {
  const nodeApi = true;
  expect(uri('enroll', { nodeApi })).toBe('https://tls.example.com/enroll');
  expect(uri('log', { nodeApi })).toBe('https://tls.example.com/k%2F1/log&node_key=k%2F1');
  expect(uri('config', { nodeApi })).toBe('https://tls.example.com/k%2F1/config?x=1&node_key=k%2F1');
});

describe('flags that make no URI', () => {
  test.each([
    [{ hostname: '' }, '--tls_hostname is not set: it names the server, as host[:port]'],
    [{ hostname: 'https://host' }, '--tls_hostname is host[:port], without https:// in front'],
    [{ hostname: 'a b' }, '--tls_hostname=a b is no host[:port]'],
    [{ hostname: 'user:word@host' }, '--tls_hostname=…@host is no host[:port]'],
    [
      { endpoints: { ...endpoints, log: '' } },
      '--logger_tls_endpoint is not set: it is the path of the log endpoint',
    ],
  ])('%j', (change, message) => {
    expect(() => uri('log', change)).toThrow(message);
  });
});
