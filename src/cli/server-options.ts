import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ServerOptions } from '../server/index.ts';

/** What the user gave cannot be used. The message is one line and says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where the server keeps its data, and `query` finds it, unless told otherwise. */
export const defaultDataDirectory = 'osquery-remote-server';

export const serverUsage = `osquery-remote server: osquery's remote API over HTTPS, for trying out and for tests

  --port N              default 8443; 0 takes any that is free
  --host ADDRESS        default 127.0.0.1
  --data-dir DIRECTORY  nodes, logs, results, operator token; default ./${defaultDataDirectory}
  --config FILE         osquery config for all nodes (JSON), read again when it changes; default {}
  --secret-file FILE    enroll secrets, one per line; default: one is made in the data directory
  --cert FILE --key FILE [--ca FILE]
                        certificate and key (PEM), and what clients must trust;
                        default: a throw-away CA, made at each start
  --client-ca FILE      refuse clients without a certificate of this CA (PEM)
  --refusal-status N    200 (default) or 401 for a wrong secret or node key
  --sync                acknowledge nothing before it is on the disk itself

Ends with 0 after SIGINT or SIGTERM, 1 when it cannot start, 2 for wrong arguments.
`;

/** The arguments as given; `undefined` when help is asked for. */
export interface ServerArguments {
  readonly dataDirectory: string;
  /** The file in which the enroll secrets are, or will be made when `makeSecret` is set. */
  readonly secretFile: string;
  readonly makeSecret: boolean;
  readonly options: Omit<ServerOptions, 'secrets'>;
}

/** @throws {UsageError} */
export async function readServerArguments(argv: readonly string[]): Promise<ServerArguments | undefined> {
  const values = parse(argv);
  if (values.help) return undefined;
  const dataDirectory = resolve(values['data-dir'] ?? defaultDataDirectory);
  const secretFile = values['secret-file'];
  const tls = await readTls(values);
  const clientCa = values['client-ca'];
  return {
    dataDirectory,
    secretFile: resolve(secretFile ?? join(dataDirectory, 'enroll-secret')),
    makeSecret: secretFile === undefined,
    options: {
      dataDirectory,
      host: values.host ?? '127.0.0.1',
      port: readPort(values.port ?? '8443'),
      sync: values.sync ?? false,
      refusalStatus: readStatus(values['refusal-status'] ?? '200'),
      ...(values.config === undefined ? {} : { config: { file: resolve(values.config) } }),
      ...(tls && { tls }),
      ...(clientCa === undefined ? {} : { clientCa: await readText('--client-ca', clientCa) }),
    },
  };
}

/** @throws {UsageError} */
export async function readText(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${flag}: cannot read ${path} (${code})`, { cause: error });
  }
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        port: text,
        host: text,
        'data-dir': text,
        config: text,
        'secret-file': text,
        cert: text,
        key: text,
        ca: text,
        'client-ca': text,
        'refusal-status': text,
        sync: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} (osquery-remote server --help)`, { cause: error });
  }
}

/** Node's own message goes on with advice about dashes. */
export function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split(/\.\s|\n/)[0] ?? message).replace(/\.$/, '');
}

async function readTls(values: ReturnType<typeof parse>): Promise<ServerOptions['tls']> {
  const { cert, key, ca } = values;
  if (cert === undefined && key === undefined) {
    if (ca !== undefined) throw new UsageError('--ca goes with --cert and --key');
    return undefined;
  }
  if (cert === undefined || key === undefined) throw new UsageError('--cert and --key go together');
  return {
    certificate: await readText('--cert', cert),
    key: await readText('--key', key),
    ...(ca === undefined ? {} : { ca: await readText('--ca', ca) }),
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
}

function readStatus(text: string): 200 | 401 {
  if (text === '200') return 200;
  if (text === '401') return 401;
  throw new UsageError(`--refusal-status must be 200 or 401, not ${JSON.stringify(text)}`);
}
