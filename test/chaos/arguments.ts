import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface Arguments {
  /** The extension lives, and everything between it and the server goes wrong. */
  readonly transport: boolean;
  /** For `transport`. */
  readonly faults: number;
  readonly kills: number;
  readonly lines: number;
  /** osquery's `buffered_log_max`; 0 for its default, with which nothing is dropped. */
  readonly cap: number;
  readonly seed: number;
  /** Executable of the extension. */
  readonly extension: string;
  readonly verbose: boolean;
  /** Whether files of the run stay. */
  readonly keep: boolean;
}

export const usage = `npm run chaos -- [options]

Kills the extension with SIGKILL while lines come in and go out, kills the server, makes answers fail and get lost,
and compares what osqueryd handed over with what the server has written.

With --transport the extension is not killed. Instead its transport thread runs user code that does everything wrong
(throws, never settles, spins, exits, leaks, answers nonsense), connections are cut, half open or lie, answers are bad.

  --transport         the faults of the transport, and no others
  --faults N          how many of these; default 1000, which take about 7 minutes
  --kills N           how often the extension is killed; default 30
  --lines N           result and status lines; default 30000
  --cap N             buffered_log_max: with a few hundred, lines are dropped, and each must be reported
  --seed N            the same seed makes the same plan; default 1
  --extension PATH    default bin/osquery-remote.ext
  --keep              leaves the files of the run where they are
  --verbose           tells what happens

Exit code 0 when nothing was lost, doubled, out of order or fatal to osqueryd, 1 otherwise, 2 for wrong arguments.
`;

const builtExtension = fileURLToPath(new URL('../../bin/osquery-remote.ext', import.meta.url));

/** @returns `undefined` when help is asked for. @throws {Error} for arguments that cannot be used. */
export function readArguments(argv: readonly string[]): Arguments | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      transport: flag,
      faults: text,
      kills: text,
      lines: text,
      cap: text,
      seed: text,
      extension: text,
      keep: flag,
      verbose: flag,
      help: { ...flag, short: 'h' },
    },
  });
  if (values.help) return undefined;
  return {
    transport: values.transport ?? false,
    faults: whole('--faults', values.faults ?? '1000', 1),
    kills: whole('--kills', values.kills ?? '30', 0),
    lines: whole('--lines', values.lines ?? '30000', 1),
    cap: whole('--cap', values.cap ?? '0', 0),
    seed: whole('--seed', values.seed ?? '1', 0),
    extension: values.extension === undefined ? builtExtension : resolve(values.extension),
    verbose: values.verbose ?? false,
    keep: values.keep ?? false,
  };
}

function whole(name: string, text: string, least: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number < 2 ** 31) return number;
  throw new Error(`${name} must be a whole number from ${least}, not ${JSON.stringify(text)}`);
}
