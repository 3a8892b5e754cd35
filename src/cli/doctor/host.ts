import type { ExtensionManager, OsqueryOption } from '../../extension/index.ts';
import type { Settings } from '../../plugins/settings/index.ts';
import { loadedExtensions } from './extension-file.ts';
import type { FlagProblem } from './flag-file.ts';

/** The host that is examined. */
export interface Host {
  /** osqueryd's flags, as its `options()` has them. */
  readonly flags: ReadonlyMap<string, OsqueryOption>;
  /** Names that the flag file or the command line set. Empty when the flags are those of a running osqueryd. */
  readonly given: ReadonlySet<string>;
  readonly flagProblems: readonly FlagProblem[];
  readonly settings: Settings;
  /** What `OSQUERY_REMOTE_*` and `custom_remote_*` were not taken for. */
  readonly settingProblems: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Extensions socket. */
  readonly socket: string;
  /** osqueryd, if it runs and answers. */
  readonly osqueryd: ExtensionManager | undefined;
  /** Whether to enroll. */
  readonly enroll: boolean;
  /** How long a connection may take, in milliseconds. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** The key for the endpoints; found out by the steps `module`, `enroll` and `key`. */
  nodeKey: string | undefined;
}

export function flag(host: Pick<Host, 'flags'>, name: string): string {
  return host.flags.get(name)?.value ?? '';
}

export function isOn(host: Pick<Host, 'flags'>, name: string): boolean {
  return flag(host, name) === 'true';
}

/** Whether osqueryd asks us for a plugin of this registry. */
export function usesRemote(host: Pick<Host, 'flags' | 'settings'>, registry: Registry): boolean {
  switch (registry) {
    case 'config':
      return host.settings.configPlugin === 'remote';
    case 'logger':
      return !isOn(host, 'disable_logging') && host.settings.loggerPlugins.includes('remote');
    case 'distributed':
      return !isOn(host, 'disable_distributed') && flag(host, 'distributed_plugin') === 'remote';
  }
}

/** Whether osqueryd runs although it loads no extension. */
export function wasStartedByHand(host: Host): boolean {
  return host.osqueryd !== undefined && host.given.size === 0 && loadedExtensions(host).length === 0;
}

export type Registry = 'config' | 'logger' | 'distributed';
