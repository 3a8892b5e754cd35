import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { OperatorConnection } from './operator-client.ts';
import { defaultDataDirectory, firstSentence, readText, UsageError } from './server-options.ts';

export const queryUsage = `osquery-remote query "SELECT …": asks nodes and prints rows as they come back

  --nodes A,B           host identifiers; default all nodes
  --timeout SECONDS     how long to wait for answers; default 90, as nodes ask for work every 60 s by default
  --json                one JSON object per row, also on a terminal: {"node":…,"row":{…}}
  --data-dir DIRECTORY  data directory of a server on this machine; default ./${defaultDataDirectory}
  --server URL          default: as the data directory says
  --ca FILE             what the server's certificate is signed by (PEM); default: as the data directory says
  --token-file FILE     operator token; default: as the data directory says
  --client-cert FILE --client-key FILE
                        for a server that asks for client certificates (PEM)

Ends with 0 when every node answered, 1 when a node answered with an error, 2 when the query could not be asked,
3 when a node did not answer in time, 130 after SIGINT.
`;

export interface QueryArguments {
  readonly sql: string;
  /** Empty for all. */
  readonly nodes: readonly string[];
  readonly timeoutS: number;
  readonly json: boolean;
  readonly connection: OperatorConnection;
}

/** @throws {UsageError} */
export async function readQueryArguments(argv: readonly string[]): Promise<QueryArguments | undefined> {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  const [sql = '', ...more] = positionals;
  if (sql.trim() === '')
    throw new UsageError('give the SQL as one argument: osquery-remote query "SELECT …"');
  if (more.length > 0) throw new UsageError('the SQL must be one argument; put it in quotes');
  const timeoutS = Number(values.timeout ?? 90);
  if (!(timeoutS > 0 && timeoutS <= 86_400)) {
    throw new UsageError('--timeout must be a number of seconds above 0 and up to 86400');
  }
  const directory = resolve(values['data-dir'] ?? defaultDataDirectory);
  const ca = values.ca ?? join(directory, 'ca.pem');
  const tokenFile = values['token-file'] ?? join(directory, 'operator-token');
  return {
    sql,
    nodes: (values.nodes ?? []).flatMap((list) => list.split(',')).filter((name) => name !== ''),
    timeoutS,
    json: values.json ?? false,
    connection: {
      url: values.server === undefined ? await urlOf(directory) : readUrl(values.server),
      ca: await readText('--ca', ca),
      token: (await readText('--token-file', tokenFile)).trim(),
      ...(await readClient(values['client-cert'], values['client-key'])),
    },
  };
}

async function readClient(
  cert: string | undefined,
  key: string | undefined,
): Promise<Pick<OperatorConnection, 'client'>> {
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) {
    throw new UsageError('--client-cert and --client-key go together');
  }
  return {
    client: { cert: await readText('--client-cert', cert), key: await readText('--client-key', key) },
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        nodes: { type: 'string', multiple: true },
        timeout: text,
        json: { type: 'boolean' },
        'data-dir': text,
        server: text,
        ca: text,
        'token-file': text,
        'client-cert': text,
        'client-key': text,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} (osquery-remote query --help)`, { cause: error });
  }
}

async function urlOf(directory: string): Promise<string> {
  try {
    return JSON.parse(await readFile(join(directory, 'server.json'), 'utf8')).url;
  } catch (error) {
    throw new UsageError(`no server has run in ${directory}; name one with --data-dir or --server`, {
      cause: error,
    });
  }
}

function readUrl(text: string): string {
  const url = text.includes('://') ? text : `https://${text}`;
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new UsageError(`--server must be https://host:port, not ${JSON.stringify(text)}`);
  }
  return new URL(url).origin;
}
