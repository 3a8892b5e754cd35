import { parseArgs } from 'node:util';
import { firstSentence, UsageError } from '../server-options.ts';

export const doctorUsage = `osquery-remote doctor: goes through what a host needs, step by step, and says what to change

  --flagfile FILE  osqueryd's flag file; default /etc/osquery/osquery.flags, if there is one
  --socket PATH    asks a running osqueryd for its flags instead: --extensions_socket, /var/osquery/osquery.em by default
  --enroll         tries to enroll as well. That makes a node on the server, named <hostname>-osquery-remote-doctor;
                   without it the node key of the running osqueryd is used, and its enrollment left alone
  --json           one JSON object per finding: {"step":…,"level":"ok|warning|failure|skipped","text":…,"advice":…}
  -- --name=value  more flags of osqueryd, which win over those of the file

Run it as the user of osqueryd, mostly root, and with its environment (OSQUERY_REMOTE_*, NO_PROXY). A transport module is
loaded as the extension does it. Requests that the server gets: GET /, a config request, a distributed read, and a log and
a distributed write that are empty. Secrets and keys are never shown.

Ends with 0 when nothing failed, 1 when something did, 2 when the arguments are wrong, 130 after SIGINT.
`;

export interface DoctorArguments {
  readonly flagfile: string | undefined;
  readonly socket: string | undefined;
  readonly enroll: boolean;
  readonly json: boolean;
  /** Behind `--`. */
  readonly flags: readonly string[];
}

/** `undefined` when help is asked for. @throws {UsageError} */
export function readDoctorArguments(argv: readonly string[]): DoctorArguments | undefined {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const flags = end === -1 ? [] : argv.slice(end + 1);
  const { help, flagfile, socket, enroll = false, json = false } = parse(own);
  if (help) return undefined;
  if (socket !== undefined && (flagfile !== undefined || flags.length > 0)) {
    throw new UsageError('--socket asks osqueryd for its flags: give either it, or --flagfile and flags');
  }
  return { flagfile, socket, enroll, json, flags };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const yes = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: { flagfile: text, socket: text, enroll: yes, json: yes, help: { ...yes, short: 'h' } },
    }).values;
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} (osquery-remote doctor --help)`, { cause: error });
  }
}
