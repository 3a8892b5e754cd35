import { expect, test } from 'vitest';
import { proxySecrets } from './prepare.ts';
import { isExempt, parseProxy } from './proxy.ts';

test.each([
  ['proxy', { host: 'proxy', port: 3128, credentials: '' }],
  ['proxy:80', { host: 'proxy', port: 80, credentials: '' }],
  ['proxy:8080', { host: 'proxy', port: 8080, credentials: '' }],
  ['http://proxy:8080/', { host: 'proxy', port: 8080, credentials: '' }],
  ['[::1]:8080', { host: '::1', port: 8080, credentials: '' }],
  ['me:p%40ss@proxy', { host: 'proxy', port: 3128, credentials: 'me:p@ss' }],
  ['me:100%@proxy', { host: 'proxy', port: 3128, credentials: 'me:100%' }],
])('--proxy_hostname=%s', (text, proxy) => {
  expect(parseProxy(text)).toEqual(proxy);
});

test('an empty flag is no proxy, and nonsense is an error that does not show the password', () => {
  expect(parseProxy('')).toBeUndefined();
  expect(() => parseProxy('me:word@pro xy')).toThrow('settings: --proxy_hostname=pro xy is no host[:port]');
});

test('NO_PROXY takes names, sub-domains, ports and *', () => {
  const exempt = (noProxy: string) => isExempt(noProxy, 'osquery.example.com', 443);
  for (const yes of [
    'osquery.example.com',
    'a,EXAMPLE.com',
    '.example.com',
    '*.example.com b',
    '*',
    'example.com:443',
  ]) {
    expect(exempt(yes), yes).toBe(true);
  }
  for (const no of ['', ',', 'ample.com', 'sub.osquery.example.com', 'example.com:8443', 'com.']) {
    expect(exempt(no), no).toBe(false);
  }
});

test('name and password count as secrets, as they stand in the flag and as they are meant', () => {
  const settings = { proxyHostname: 'http://me:p%40ss%3Aword@proxy:3128' };
  expect(proxySecrets(settings)).toEqual(['me:p%40ss%3Aword', 'p%40ss%3Aword', 'me:p@ss:word', 'p@ss:word']);
});
