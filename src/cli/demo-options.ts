import { parseArgs } from 'node:util';
import { firstSentence, UsageError } from './server-options.ts';

export const demoUsage = `osquery-remote demo: server, osqueryd and extension on this machine, and what they say to each other

  --once        ends by itself: with 0 when the node enrolled, got its config, delivered a result line and a status
                line and answered a query; else with 1, naming what is missing
  --sql SQL     the query that is sent to the node
  --stand-in    takes the stand-in also when there is an osqueryd (OSQUERYD, else on the PATH)

Everything is kept in a temporary directory and removed at the end. Without --once it runs until Ctrl-C.
`;

export interface DemoArguments {
  readonly once: boolean;
  readonly standIn: boolean;
  readonly sql: string;
}

const defaultSql =
  'SELECT p.pid, p.name, u.username, p.resident_size / 1048576 AS mib FROM processes AS p LEFT JOIN users AS u USING (uid) ORDER BY p.resident_size DESC LIMIT 5';

/** `undefined` when help is asked for. @throws {UsageError} */
export function readDemoArguments(argv: readonly string[]): DemoArguments | undefined {
  const { help, once = false, 'stand-in': standIn = false, sql = defaultSql } = parse(argv);
  return help ? undefined : { once, standIn, sql };
}

function parse(argv: readonly string[]) {
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: { once: flag, 'stand-in': flag, sql: { type: 'string' }, help: { ...flag, short: 'h' } },
    }).values;
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} (osquery-remote demo --help)`, { cause: error });
  }
}
