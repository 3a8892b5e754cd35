import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, defaultPaths, type ReferenceServer } from '../server/index.ts';
import { type CommandContext, runCommand } from './command.ts';
import { formatEvent } from './server-log.ts';
import {
  readServerArguments,
  readText,
  type ServerArguments,
  serverUsage,
  UsageError,
} from './server-options.ts';
import { colorsFor } from './terminal.ts';

/** `osquery-remote server`. @returns the exit code. */
export function run(argv: string[]): Promise<number> {
  return runCommand(serve, argv);
}

/** Runs the server until `stop`. @returns the exit code. */
export async function serve(
  argv: readonly string[],
  { stdout, stderr, stop }: CommandContext,
): Promise<number> {
  let server: ReferenceServer | undefined;
  try {
    const given = await readServerArguments(argv);
    if (given === undefined) {
      stdout.write(serverUsage);
      return 0;
    }
    server = await createServer({ ...given.options, secrets: await readSecrets(given) });
    await server.listen();
    stdout.write(howToConnect(server, given));
    const colors = colorsFor(stdout);
    for (const event of server.events.seen) stdout.write(`${formatEvent(event, colors)}\n`);
    server.events.subscribe((event) => stdout.write(`${formatEvent(event, colors)}\n`));
    await aborted(stop);
    await server.close();
    return 0;
  } catch (error) {
    await server?.close();
    stderr.write(`osquery-remote server: ${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function readSecrets({ secretFile, makeSecret, dataDirectory }: ServerArguments): Promise<string[]> {
  if (makeSecret) {
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    const secret = randomBytes(24).toString('base64url');
    // Kept over restarts: hosts have it in their own file.
    await writeFile(secretFile, `${secret}\n`, { mode: 0o600, flag: 'wx' }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
  }
  const text = makeSecret ? await readFile(secretFile, 'utf8') : await readText('--secret-file', secretFile);
  const secrets = text.split('\n').map((line) => line.trim());
  const usable = secrets.filter((secret) => secret !== '');
  if (usable.length === 0) throw new UsageError(`${secretFile} holds no enroll secret`);
  return usable;
}

function howToConnect(server: ReferenceServer, { secretFile, dataDirectory }: ServerArguments): string {
  const flags = [
    `--tls_hostname=${server.hostname}`,
    `--tls_server_certs=${server.caFile}`,
    `--enroll_secret_path=${secretFile}`,
    `--enroll_tls_endpoint=${defaultPaths.enroll}`,
    '--config_plugin=remote',
    `--config_tls_endpoint=${defaultPaths.config}`,
    '--logger_plugin=remote',
    `--logger_tls_endpoint=${defaultPaths.log}`,
    '--disable_distributed=false',
    '--distributed_plugin=remote',
    `--distributed_tls_read_endpoint=${defaultPaths.distributed_read}`,
    `--distributed_tls_write_endpoint=${defaultPaths.distributed_write}`,
  ];
  return `Flags for an osqueryd on this machine (with "tls" instead of "remote" for its built-in plugins):

${flags.map((flag) => `  ${flag}`).join('\n')}

Logs are written to ${server.logFile('result')} and ${server.logFile('status')}
Ask all nodes: osquery-remote query --data-dir ${dataDirectory} "SELECT * FROM uptime"

`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** One line for what can go wrong at the start. */
function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'the port is taken; choose another with --port, or 0 for any';
  if (code === 'EACCES') return `permission denied: ${message}`;
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address; choose another with --host';
  if (code?.startsWith('ERR_OSSL') || code?.startsWith('ERR_SSL')) {
    return `the certificate or key cannot be used: ${message}`;
  }
  return message.split('\n')[0] ?? message;
}
