import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createServer } from '../../src/server/index.ts';
import { startServer, temporaryDirectory } from './support/servers.ts';

test('without a data directory the server leaves nothing behind', async () => {
  const server = await startServer();
  expect(await readdir(server.dataDirectory)).toContain('db');
  await server.close();
  await expect(stat(server.dataDirectory)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a data directory belongs to one server at a time', async () => {
  const dataDirectory = await temporaryDirectory();
  const server = await startServer({ dataDirectory });
  await expect(createServer({ secrets: [], dataDirectory })).rejects.toThrow('is in use by another server');
  await server.close();
  await startServer({ dataDirectory });
});

test('a data directory that cannot be made is named with the reason', async () => {
  const file = join(await temporaryDirectory(), 'file');
  await writeFile(file, '');
  await expect(createServer({ secrets: [], dataDirectory: file })).rejects.toThrow(
    `cannot make the data directory ${file}`,
  );
});

test('a token file that others could read is replaced, not reused', async () => {
  const dataDirectory = await temporaryDirectory();
  const token = join(dataDirectory, 'operator-token');
  await writeFile(token, 'known to others\n');
  await chmod(token, 0o666);
  const server = await startServer({ dataDirectory });
  expect((await stat(server.tokenFile)).mode & 0o777).toBe(0o600);
});

test('no private key is ever in the data directory', async () => {
  const server = await startServer();
  for (const name of ['ca.pem', 'server.json']) {
    expect(await readFile(join(server.dataDirectory, name), 'utf8')).not.toContain('PRIVATE KEY');
  }
  expect((await readdir(server.dataDirectory)).sort()).toEqual([
    'ca.pem',
    'db',
    'logs',
    'operator-token',
    'server.json',
  ]);
});

test('closing twice is fine, and so is closing before listening', async () => {
  const server = await createServer({ secrets: [] });
  await Promise.all([server.close(), server.close()]);
});

test('a port that is taken is reported', async () => {
  const first = await startServer();
  const second = await createServer({ secrets: [], port: first.address.port });
  await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await second.close();
});
