import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import {
  createServer,
  type LogStream,
  type ReferenceServer,
  type ServerOptions,
} from '../../../src/server/index.ts';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A listening server that is closed after the test. Its enroll secret is `made-up-secret`. */
export async function startServer(options: Partial<ServerOptions> = {}): Promise<ReferenceServer> {
  const server = await createServer({ secrets: ['made-up-secret'], ...options });
  cleanups.push(() => server.close());
  await server.listen();
  return server;
}

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'osquery-remote-test-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The lines that the server has written, without the last line break. */
export async function writtenLines(server: ReferenceServer, stream: LogStream = 'result'): Promise<string[]> {
  return (await readFile(server.logFile(stream), 'latin1')).split('\n').slice(0, -1);
}
