import { expect, test } from 'vitest';
import { send, TestNode } from './support/client.ts';
import { startServer, temporaryDirectory } from './support/servers.ts';

test('a host with the secret gets a node key, and the key opens the other endpoints', async () => {
  const server = await startServer({ config: { value: { schedule: {} } } });
  const node = new TestNode(server, 'host-1');
  const { status, json, headers } = await node.enroll();
  expect(status).toBe(200);
  expect(json).toEqual({ node_key: expect.stringMatching(/^[\w-]{32}$/) });
  expect(headers['content-type']).toBe('application/json');
  expect(headers['content-length']).toBeDefined();
  expect(headers['transfer-encoding']).toBeUndefined();
  expect((await node.post('/config')).json).toEqual({ schedule: {} });
  expect(server.nodes).toMatchObject([
    { hostIdentifier: 'host-1', platformType: '9', hostDetails: { os_version: { name: 'Testux' } } },
  ]);
});

test('a wrong, an empty or a missing secret is refused with node_invalid and no key', async () => {
  const server = await startServer();
  for (const body of [
    { enroll_secret: 'guess', host_identifier: 'h' },
    { enroll_secret: '', host_identifier: 'h' },
    { enroll_secret: 7, host_identifier: 'h' },
    { host_identifier: 'h' },
  ]) {
    expect(await send(server, '/enroll', body)).toMatchObject({ status: 200, json: { node_invalid: true } });
  }
  expect(server.nodes).toEqual([]);
  expect(server.events.seen.map((event) => event.kind)).toEqual([
    'listening',
    ...Array(4).fill('enroll_refused'),
  ]);
});

test('an empty secret in the list opens nothing', async () => {
  const server = await startServer({ secrets: [''] });
  expect((await new TestNode(server, 'h').enroll('')).json).toEqual({ node_invalid: true });
});

test('several secrets are accepted, so that one can be replaced without a gap', async () => {
  const server = await startServer({ secrets: ['old', 'new'] });
  expect((await new TestNode(server, 'a').enroll('old')).json).toHaveProperty('node_key');
  expect((await new TestNode(server, 'b').enroll('new')).json).toHaveProperty('node_key');
  expect((await new TestNode(server, 'c').enroll('oldnew')).json).toEqual({ node_invalid: true });
});

test('the secret may have another name, and may come in the URI as tls_secret_always sends it', async () => {
  const server = await startServer({ secretName: 'passphrase' });
  const body = { host_identifier: 'h' };
  expect((await send(server, '/enroll', { ...body, enroll_secret: 'made-up-secret' })).json).toEqual({
    node_invalid: true,
  });
  expect((await send(server, '/enroll', { ...body, passphrase: 'made-up-secret' })).json).toHaveProperty(
    'node_key',
  );
  expect((await send(server, '/enroll?passphrase=made-up-secret', body)).json).toHaveProperty('node_key');
});

test('neither a secret nor a node key is in any event', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  await send(server, '/enroll?enroll_secret=made-up-secret', 'made-up-secret {');
  await send(server, `/${node.key}/nowhere?enroll_secret=made-up-secret`, { node_key: node.key });
  await node.post('/log', { log_type: node.key });
  const told = JSON.stringify(server.events.seen);
  expect(told).not.toContain('made-up-secret');
  expect(told).not.toContain(node.key);
});

test('a host that enrolls again gets a new key, and its old one is retired', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const oldKey = node.key;
  await node.enroll();
  expect(node.key).not.toBe(oldKey);
  expect((await send(server, '/config', { node_key: oldKey })).json).toEqual({ node_invalid: true });
  expect((await node.post('/config')).json).toEqual({});
  expect(server.nodes).toHaveLength(1);
  expect(server.events.seen.filter((event) => event.kind === 'enrolled')).toMatchObject([
    { node: 'host-1', again: false },
    { node: 'host-1', again: true },
  ]);
});

test('with earlierKeys "keep" two machines of one identifier do not take the key from each other', async () => {
  const server = await startServer({ earlierKeys: 'keep' });
  const first = await TestNode.enroll(server, 'clone');
  const second = await TestNode.enroll(server, 'clone');
  expect((await first.post('/config')).json).toEqual({});
  expect((await second.post('/config')).json).toEqual({});
});

test('the node key counts in the body or in the Authorization header', async () => {
  const server = await startServer();
  const { key } = await TestNode.enroll(server, 'host-1');
  const authorization = `NodeKey ${key}`;
  expect((await send(server, '/config', {}, { headers: { authorization } })).json).toEqual({});
  expect((await send(server, '/config', { node_key: '' }, { headers: { authorization } })).json).toEqual({});
  expect((await send(server, '/config', { node_key: key }, { headers: { authorization } })).json).toEqual({});
  expect(await send(server, '/config', { node_key: 'other' }, { headers: { authorization } })).toMatchObject({
    status: 400,
    json: { error: 'node_key and Authorization name different node keys' },
  });
});

test('a server can be as strict as real ones: header alone, body alone', async () => {
  const headerOnly = await startServer({ nodeKeyPlace: 'header' });
  const one = await TestNode.enroll(headerOnly, 'host-1');
  const headers = { authorization: `NodeKey ${one.key}` };
  expect((await one.post('/config')).json).toEqual({ node_invalid: true });
  expect((await send(headerOnly, '/config', {}, { headers })).json).toEqual({});
  const bodyOnly = await startServer({ nodeKeyPlace: 'body' });
  const two = await TestNode.enroll(bodyOnly, 'host-1');
  expect((await two.post('/config')).json).toEqual({});
  const other = { authorization: `NodeKey ${two.key}` };
  expect((await send(bodyOnly, '/config', {}, { headers: other })).json).toEqual({ node_invalid: true });
});

test.each(['/config', '/log', '/distributed_read', '/distributed_write'])(
  'an unknown, wrongly typed or missing node key is refused at %s',
  async (path) => {
    const server = await startServer();
    for (const key of ['never-issued', 7, null, undefined]) {
      const answer = await send(server, path, { node_key: key, log_type: 'result', data: [] });
      expect(answer).toMatchObject({ status: 200, json: { node_invalid: true } });
    }
    expect(server.events.seen.filter((event) => event.kind === 'node_refused')).toHaveLength(4);
  },
);

test('refusals can be answered with 401, and then say why', async () => {
  const server = await startServer({ refusalStatus: 401 });
  expect(await send(server, '/config', { node_key: 'never-issued' })).toMatchObject({
    status: 401,
    json: { node_invalid: true, error: 'node key unknown' },
  });
  expect(await new TestNode(server, 'h').enroll('guess')).toMatchObject({
    status: 401,
    json: { node_invalid: true, error: 'enroll secret wrong' },
  });
});

test('a revoked node is refused until it enrolls again, and stays the same node', async () => {
  const server = await startServer();
  const node = await TestNode.enroll(server, 'host-1');
  const [before] = server.nodes;
  await server.revoke('host-1');
  expect((await node.post('/config')).json).toEqual({ node_invalid: true });
  await node.enroll();
  expect((await node.post('/config')).json).toEqual({});
  expect(server.nodes[0]?.id).toBe(before?.id);
});

test('bodies of old osqueries enroll too: without host_details, without platform_type, or with a number', async () => {
  const server = await startServer();
  const secret = { enroll_secret: 'made-up-secret' };
  expect((await send(server, '/enroll', { ...secret, host_identifier: 'a' })).json).toHaveProperty(
    'node_key',
  );
  const odd = { ...secret, host_identifier: 'b', platform_type: 9, host_details: 'odd' };
  expect((await send(server, '/enroll', odd)).json).toHaveProperty('node_key');
});

test('an enrollment without a usable host identifier is a bad request', async () => {
  const server = await startServer();
  for (const host_identifier of [undefined, '', 7, 'x'.repeat(1025)]) {
    const answer = await send(server, '/enroll', { enroll_secret: 'made-up-secret', host_identifier });
    expect(answer).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining('host_identifier') },
    });
  }
});

test('paths are configurable', async () => {
  const server = await startServer({ paths: { enroll: '/api/v1/osquery/enroll', config: '/v1/config' } });
  const answer = await send(server, '/api/v1/osquery/enroll', {
    enroll_secret: 'made-up-secret',
    host_identifier: 'h',
  });
  const node_key = (answer.json as { node_key: string }).node_key;
  expect((await send(server, '/v1/config', { node_key })).json).toEqual({});
  expect((await send(server, '/config', { node_key })).status).toBe(404);
});

test('nodes survive a restart, and their keys are stored only as hashes', async () => {
  const dataDirectory = await temporaryDirectory();
  const first = await startServer({ dataDirectory });
  const node = await TestNode.enroll(first, 'host-1');
  expect(JSON.stringify(first.nodes)).not.toContain(node.key);
  await first.close();
  const second = await startServer({ dataDirectory });
  expect((await send(second, '/config', { node_key: node.key })).json).toEqual({});
});

test('clients with tls_node_api are answered where that is switched on', async () => {
  const server = await startServer({ nodeApi: true, config: { value: { schedule: {}, text: 'ü"' } } });
  const { key } = await TestNode.enroll(server, 'host-1');
  const config = await send(server, `/${key}/config&node_key=${key}`, undefined, { method: 'GET' });
  expect(JSON.parse((config.json as { config: string }).config)).toEqual({ schedule: {}, text: 'ü"' });
  expect((await send(server, `/${key}/log`, { log_type: 'result', data: [] })).text).toBe('{}');
  expect((await send(server, `/${key}/distributed_read`, {})).json).toEqual({ queries: {} });
  expect((await send(server, `/${key}/distributed_write`, {})).json).toEqual({});
  const refused = await send(server, '/never-issued/config', undefined, { method: 'GET' });
  expect(refused.json).toEqual({ node_invalid: true });
});
