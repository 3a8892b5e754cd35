import { existsSync } from 'node:fs';
import { ExtensionManager, type OsqueryOption } from '../../extension/index.ts';
import { readSettings } from '../../plugins/settings/index.ts';
import { FlagError, Flags } from '../../testing/index.ts';
import { UsageError } from '../server-options.ts';
import { type FlagProblem, readFlagFile } from './flag-file.ts';
import type { Host } from './host.ts';
import type { DoctorArguments } from './options.ts';

export const defaultFlagFile = '/etc/osquery/osquery.flags';
export const defaultSocket = '/var/osquery/osquery.em';

const answerMs = 10_000;
/** Whether osqueryd runs is found out beside; then it need not be waited for long. */
const pingMs = 2_000;

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Default 16 s, as an attempt of the extension. */
  readonly patienceMs?: number;
}

/** osqueryd was to be asked for its flags, and does not answer. The message is one line. */
export class OsquerydAway extends Error {
  override readonly name = 'OsquerydAway';
}

/** Where the flags are from, for the first line of the report, and the host as they make it. */
export interface OpenedHost {
  readonly source: string;
  readonly host: Host;
}

/**
 * Finds out what the flags are.
 * @throws {UsageError} when they are nowhere, or cannot be read.
 * @throws {OsquerydAway}
 */
export async function openHost(args: DoctorArguments, around: Surroundings): Promise<OpenedHost> {
  const socket = args.socket ?? (hasSource(args) ? undefined : existingSocket());
  return socket === undefined ? fromFiles(args, around) : fromOsqueryd(socket, args, around);
}

function hasSource({ flagfile, flags }: DoctorArguments): boolean {
  return flagfile !== undefined || flags.length > 0 || existsSync(defaultFlagFile);
}

function existingSocket(): string {
  if (existsSync(defaultSocket)) return defaultSocket;
  throw new UsageError(
    `there is no ${defaultFlagFile}, and no osqueryd at ${defaultSocket}; say where the flags are: --flagfile FILE or --socket PATH`,
  );
}

async function fromOsqueryd(socket: string, args: DoctorArguments, around: Surroundings) {
  const osqueryd = new ExtensionManager(socket, { timeoutMs: answerMs });
  let flags: ReadonlyMap<string, OsqueryOption>;
  try {
    flags = await osqueryd.options({ signal: around.signal });
  } catch (error) {
    throw new OsquerydAway(`osqueryd does not answer at ${socket} (${textOf(error)})`, { cause: error });
  }
  const [info] = await osqueryd.query('SELECT version FROM osquery_info').catch(() => []);
  const host = hostOf(
    { flags, given: new Set(), flagProblems: [] },
    args,
    around,
    osqueryd,
    info?.['version'],
  );
  return { source: `osqueryd at ${socket}`, host };
}

async function fromFiles(args: DoctorArguments, around: Surroundings): Promise<OpenedHost> {
  const path = args.flagfile ?? (existsSync(defaultFlagFile) ? defaultFlagFile : undefined);
  const file = path === undefined ? { argv: [], problems: [] } : read(path);
  const known = file.argv.filter(isKnown);
  let flags: Flags;
  try {
    flags = new Flags([...known, ...args.flags]);
  } catch (error) {
    if (error instanceof FlagError) throw new UsageError(`${error.message}`, { cause: error });
    throw error;
  }
  const given = new Set([...known, ...args.flags].map(nameOf));
  const socket = flags.text('extensions_socket');
  const osqueryd = await running(socket, around.signal);
  const [info] = (await osqueryd?.query('SELECT version FROM osquery_info').catch(() => [])) ?? [];
  const found = { flags: flags.options(), given, flagProblems: file.problems };
  const host = hostOf(found, args, around, osqueryd, info?.['version']);
  return { source: [path, ...args.flags.map((one) => `--${nameOf(one)}`)].filter(Boolean).join(' '), host };
}

function hostOf(
  found: Pick<Host, 'flags' | 'given' | 'flagProblems'>,
  args: DoctorArguments,
  { env, signal, patienceMs = 16_000 }: Surroundings,
  osqueryd: ExtensionManager | undefined,
  version = '',
): Host {
  const settingProblems: string[] = [];
  return {
    ...found,
    settings: readSettings(found.flags, env, version, (text) => settingProblems.push(text)),
    settingProblems,
    env,
    socket: osqueryd?.socket ?? found.flags.get('extensions_socket')?.value ?? defaultSocket,
    osqueryd,
    enroll: args.enroll,
    patienceMs,
    signal,
    nodeKey: undefined,
  };
}

function read(path: string): { argv: readonly string[]; problems: readonly FlagProblem[] } {
  try {
    return readFlagFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read the flag file ${path} (${code ?? textOf(error)})`, { cause: error });
  }
}

async function running(socket: string, signal: AbortSignal): Promise<ExtensionManager | undefined> {
  const osqueryd = new ExtensionManager(socket, { timeoutMs: answerMs });
  try {
    await osqueryd.ping({ timeoutMs: pingMs, signal });
    return osqueryd;
  } catch {
    return undefined;
  }
}

function isKnown(argument: string): boolean {
  try {
    new Flags([argument]);
    return true;
  } catch {
    return false;
  }
}

function nameOf(argument: string): string {
  return /^--?(?:no(?=\w))?([\w-]*)/.exec(argument)?.[1] ?? argument;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
