import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, listening, startNode, startProgram } from '../lib/children.mjs';
import { extensionFile } from '../lib/workspace.mjs';
import { startManager } from '../manager/start.mjs';
import { managerArgs } from '../receive/contestants.mjs';

const secret = 'bench-secret';

/** Starts a reference server over TLS; its node is not enrolled yet. */
export async function startServer(dir, name) {
  const child = startNode(join(import.meta.dirname, 'server.mjs'), [join(dir, name), secret]);
  const { hostname, caFile } = await ask(child);
  let asked = 0;
  return {
    child,
    hostname,
    caFile,
    /** Waits for so many lines more. @returns when they were there, in nanoseconds */
    async receive(lines, timeoutMs) {
      asked += lines;
      return BigInt((await ask(child, { until: asked }, timeoutMs)).at);
    },
  };
}

/** The whole extension as osqueryd would start it, with a server to send to. */
export async function startExtension(dir, name, server) {
  const secretFile = join(dir, `${name}.secret`);
  writeFileSync(secretFile, secret, { mode: 0o600 });
  const manager = await startManager(join(dir, `${name}.em`), {
    config_plugin: 'remote',
    logger_plugin: 'remote',
    distributed_plugin: 'remote',
    database_path: join(dir, `${name}.db`),
    host_identifier: 'hostname',
    tls_hostname: server.hostname,
    tls_server_certs: server.caFile,
    enroll_secret_path: secretFile,
    enroll_tls_endpoint: '/enroll',
    config_tls_endpoint: '/config',
    logger_tls_endpoint: '/log',
    distributed_tls_read_endpoint: '/distributed_read',
    distributed_tls_write_endpoint: '/distributed_write',
    logger_tls_period: 1,
  });
  const registration = manager.registration('osquery-remote');
  registration.catch(() => {});
  const startedAt = process.hrtime.bigint();
  const child = startProgram(extensionFile, managerArgs(manager.path), {
    env: { OSQUERY_REMOTE_STORE: join(dir, name) },
  });
  let path;
  registration.then(
    ({ socket }) => {
      path = socket;
    },
    () => {},
  );
  await listening(child, () => path);
  return { child, manager, path, plugin: 'remote', startedAt };
}
