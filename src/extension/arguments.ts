import { ExtensionError } from './errors.ts';

/** What osqueryd says on the command line of an extension (section A.8 of its source: `launchExtension`). */
export interface ExtensionArguments {
  /** Path of osqueryd's extensions socket, or name of the pipe on Windows. */
  readonly socket: string;
  /** How long to wait for that socket, in milliseconds. Default 3 s, at least 200 ms. */
  readonly timeoutMs: number;
  /** How often each side looks whether the other is there, in milliseconds. Default 3 s, at least 200 ms. */
  readonly intervalMs: number;
  readonly verbose: boolean;
  /** What was not understood, as it was given. */
  readonly unknown: readonly string[];
}

const defaultSeconds = 3;
const leastMs = 200;
const flagPattern = /^--?([A-Za-z_]+)(?:=(.*))?$/s;

/**
 * Reads the arguments after the script's own name: `--socket PATH`, `--socket=PATH` and `-socket PATH`, which are the
 * forms that osqueryd and the extensions of other SDKs know. A flag that comes twice counts as it came last.
 * @throws {ExtensionError} `arguments`, saying what is wrong and what is expected.
 */
export function parseArguments(argv: readonly string[]): ExtensionArguments {
  const values = new Map<string, string>();
  const unknown: string[] = [];
  let verbose = false;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    const [, name = '', attached] = flagPattern.exec(argument) ?? [];
    if (name === 'verbose') {
      verbose = attached === undefined || isTrue(attached);
    } else if (name === 'noverbose') {
      verbose = false;
    } else if (name === 'socket' || name === 'timeout' || name === 'interval') {
      const value = attached ?? argv[++i];
      if (value === undefined || value === '')
        throw new ExtensionError('arguments', `--${name} needs a value`);
      values.set(name, value);
    } else {
      unknown.push(argument);
    }
  }
  const socket = values.get('socket');
  if (socket === undefined) {
    throw new ExtensionError(
      'arguments',
      'no --socket: osqueryd starts extensions by itself (osqueryd --extension PATH); by hand, give --socket the value of its --extensions_socket',
    );
  }
  return {
    socket,
    timeoutMs: milliseconds('timeout', values.get('timeout')),
    intervalMs: milliseconds('interval', values.get('interval')),
    verbose,
    unknown,
  };
}

function milliseconds(name: string, value = String(defaultSeconds)): number {
  const seconds = Number(value);
  if (value.trim() === '' || !Number.isFinite(seconds) || seconds < 0) {
    throw new ExtensionError('arguments', `--${name} is "${value}"; it takes a number of seconds`);
  }
  return Math.max(leastMs, seconds * 1000);
}

/** gflags' words for true. */
function isTrue(value: string): boolean {
  return ['1', 't', 'true', 'y', 'yes'].includes(value.toLowerCase());
}
