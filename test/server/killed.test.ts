import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ReferenceServer } from '../../src/server/index.ts';
import { numberHeaders, send } from './support/client.ts';
import type { DeathPoint } from './support/server-process.ts';
import { temporaryDirectory } from './support/servers.ts';

const script = fileURLToPath(new URL('support/server-process.ts', import.meta.url));

interface ServerProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly server: ReferenceServer;
}

async function startProcess(dataDirectory: string, dies: DeathPoint, batch = 0): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDirectory, dies, String(batch)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, exited, server: JSON.parse(line) };
}

test('a server that is killed at any point of a batch loses no acknowledged line and doubles none', async () => {
  const dataDirectory = await temporaryDirectory();
  const size = 20;
  const points = ['before the append', 'in the append', 'before the commit', 'before the reply'] as const;
  let node_key: string | undefined;
  let first = 1;
  for (const point of points) {
    const { server, exited } = await startProcess(dataDirectory, point, 3);
    node_key ??= await enroll(server);
    const post = () =>
      send(server, '/log', logBody(node_key, first, size), { headers: numbersOf(first, size) });
    for (let batch = 1; batch <= 2; batch++, first += size) expect((await post()).text).toBe('{}');
    // Overlaps with what is acknowledged; no answer comes, so it is sent again after the restart.
    first -= size / 2;
    await expect(post()).rejects.toThrow();
    await exited;
  }
  const { server, child, exited } = await startProcess(dataDirectory, 'never');
  await send(server, '/log', logBody(node_key, first, size), { headers: numbersOf(first, size) });
  child.kill('SIGKILL');
  await exited;
  const written = await readFile(join(dataDirectory, 'logs', 'result.ndjson'), 'utf8');
  const expected = Array.from({ length: first + size - 1 }, (_, i) => String(i + 1));
  expect(written.split('\n').slice(0, -1)).toEqual(expected);
});

async function enroll(server: ReferenceServer): Promise<string> {
  const { json } = await send(server, '/enroll', {
    enroll_secret: 'made-up-secret',
    host_identifier: 'host-1',
  });
  return (json as { node_key: string }).node_key;
}

function logBody(node_key: string | undefined, first: number, size: number): object {
  return { node_key, log_type: 'result', data: Array.from({ length: size }, (_, i) => first + i) };
}

function numbersOf(first: number, size: number): Record<string, string> {
  return numberHeaders(`${first}-${first + size - 1}`);
}
