import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createServer } from '../../src/server/index.ts';
import { TestNode } from './support/client.ts';
import { startServer, temporaryDirectory } from './support/servers.ts';

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

test('the config file is served byte for byte, and read again when it changes', async () => {
  const file = join(await temporaryDirectory(), 'config.json');
  const text =
    '{\n  "schedule": {"q": {"query": "SELECT 1", "interval": 1e1}},\n  "n": 9007199254740993\n}\n';
  await writeFile(file, text);
  const server = await startServer({ config: { file } });
  const node = await TestNode.enroll(server, 'host-1');
  expect((await node.post('/config')).text).toBe(text);
  await replace(file, '{"schedule":{}}');
  expect((await node.post('/config')).text).toBe('{"schedule":{}}');
  expect(server.events.seen.filter((event) => event.kind === 'config_loaded')).toHaveLength(2);
  expect(server.events.seen).toContainEqual(
    expect.objectContaining({ kind: 'config_served', node: 'host-1', bytes: 15 }),
  );
});

test('a file that became invalid keeps the last good config, says so once, and is taken again when it is good', async () => {
  const file = join(await temporaryDirectory(), 'config.json');
  await writeFile(file, '{"a":1}');
  const server = await startServer({ config: { file } });
  const node = await TestNode.enroll(server, 'host-1');
  const reasons = () =>
    server.events.seen.flatMap((event) => (event.kind === 'config_invalid' ? [event.reason] : []));
  for (const [bad, reason] of [
    ['{"a":', 'not valid JSON'],
    ['[]', 'not a JSON object'],
    ['{"error":"x"}', 'top-level member "error"'],
    ['{"node_invalid":false}', 'top-level member "node_invalid"'],
  ] as const) {
    await replace(file, bad);
    expect((await node.post('/config')).text).toBe('{"a":1}');
    expect((await node.post('/config')).text).toBe('{"a":1}');
    expect(reasons().at(-1)).toContain(reason);
  }
  await rm(file);
  expect((await node.post('/config')).text).toBe('{"a":1}');
  expect(reasons().at(-1)).toContain('cannot read the config');
  expect(reasons()).toHaveLength(5);
  await replace(file, '{"a":2}');
  expect((await node.post('/config')).text).toBe('{"a":2}');
});

test('a server does not start with a config that it cannot serve', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'config.json');
  const open = () => createServer({ secrets: ['s'], config: { file } });
  await expect(open()).rejects.toThrow(`cannot read the config ${file}`);
  await writeFile(file, 'schedule: {}');
  await expect(open()).rejects.toThrow(`${file}: not valid JSON`);
  await rm(file);
  await mkdir(file);
  await expect(open()).rejects.toThrow(`cannot read the config ${file}`);
});

test('a config given as an object can be changed while the server runs', async () => {
  const server = await startServer({ config: { value: { v: 1 } } });
  const node = await TestNode.enroll(server, 'host-1');
  expect((await node.post('/config')).json).toEqual({ v: 1 });
  server.setConfig({ v: 2 });
  expect((await node.post('/config')).json).toEqual({ v: 2 });
  expect(() => server.setConfig({ error: 'no' })).toThrow('top-level member "error"');
});
