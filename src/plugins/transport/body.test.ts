import { expect, test } from 'vitest';
import { enrollBody, nodeBody, writeBody } from './body.ts';

const write = (results: string, nodeApi = false) =>
  writeBody(
    { endpoint: 'distributed_write', nodeKey: 'k"1', results: Buffer.from(results, 'latin1') },
    nodeApi,
  ).toString('latin1');

test('the secret of an enrollment is named by tls_enroll_override, and all leaves are strings', () => {
  const details = { os_version: { major: 12 } } as unknown as Record<string, Record<string, string>>;
  const call = { endpoint: 'enroll', hostIdentifier: 'h', platformType: '9', hostDetails: details } as const;
  expect(enrollBody(call, 'token', 's').toString()).toBe(
    '{"token":"s","host_identifier":"h","platform_type":"9","host_details":{"os_version":{"major":"12"}}}',
  );
});

test('a node shows its key, which the node API has in the URI', () => {
  expect(nodeBody('k', false).toString()).toBe('{"node_key":"k"}');
  expect(nodeBody('k', true).toString()).toBe('{}');
});

test('results stay byte for byte, with the key behind them', () => {
  expect(write('{"queries":{"q":[{"a":"\xff"}]}}')).toBe(
    '{"queries":{"q":[{"a":"\xff"}]},"node_key":"k\\"1"}',
  );
  expect(write(' {"a":1} \n')).toBe('{"a":1,"node_key":"k\\"1"}');
  expect(write('{ }')).toBe('{ "node_key":"k\\"1"}');
  expect(write('{"a":1}', true)).toBe('{"a":1}');
});

test.each(['', '[]', 'null', '{'])('results that are %j are refused', (results) => {
  expect(() => write(results)).toThrow('content: the results of distributed queries are no JSON object');
});
