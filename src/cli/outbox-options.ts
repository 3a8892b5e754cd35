import { parseArgs } from 'node:util';
import { firstSentence, UsageError } from './server-options.ts';

export const outboxUsage = `osquery-remote outbox: what waits on this host for the server, and what the server would not have

  list            one row per stream: what waits, since when, what became of the rest (default)
  quarantine      the lines that the server refused
  show ID         such a line, with the record that it belongs to
  replay ID...    sends it again, under a new number
  remove ID...    gives it up; it counts as dropped

  --socket PATH   asks a running osqueryd: --extensions_socket, /var/osquery/osquery.em by default
  --store DIR     opens the store itself, which the extension must not have open;
                  default OSQUERY_REMOTE_STORE, else /var/osquery/osquery.db.remote
  --json          one JSON object per row, also on a terminal

Without --socket and --store osqueryd is asked if it runs, and the store opened if not. Run it as the user of osqueryd.

Ends with 0 when it is done, 1 when there is no such line or it cannot be reached, 2 when the arguments are wrong.
`;

export interface OutboxArguments {
  readonly action: 'list' | 'quarantine' | 'show' | 'replay' | 'remove';
  readonly ids: readonly number[];
  readonly socket: string | undefined;
  readonly store: string | undefined;
  readonly json: boolean;
}

/** `undefined` when help is asked for. @throws {UsageError} */
export function readOutboxArguments(argv: readonly string[]): OutboxArguments | undefined {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  const [action = 'list', ...rest] = positionals;
  const { socket, store, json = false } = values;
  if (socket !== undefined && store !== undefined) throw new UsageError('give --socket or --store, not both');
  const from = { socket, store, json };
  switch (action) {
    case 'list':
    case 'quarantine':
      if (rest.length > 0)
        throw new UsageError(`${action} takes nothing behind it (osquery-remote outbox --help)`);
      return { action, ids: [], ...from };
    case 'show':
      if (rest.length !== 1) throw new UsageError('show takes one id, as quarantine lists it');
      return { action, ids: rest.map(readId), ...from };
    case 'replay':
    case 'remove':
      if (rest.length === 0) throw new UsageError(`${action} takes ids, as quarantine lists them`);
      return { action, ids: rest.map(readId), ...from };
    default:
      throw new UsageError(
        `there is no ${JSON.stringify(action)}; give list, quarantine, show, replay or remove (osquery-remote outbox --help)`,
      );
  }
}

function readId(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id)) return id;
  throw new UsageError(`an id is a number, not ${JSON.stringify(text)}`);
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const yes = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { socket: text, store: text, json: yes, help: { ...yes, short: 'h' } },
    });
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} (osquery-remote outbox --help)`, { cause: error });
  }
}
