import type { PluginCall } from './extension-calls.ts';
import type { PluginReply, Status } from './status.ts';

/** What the stand-in does, for tests that watch and for the demo's log. */
export type StandInEvent =
  | { readonly kind: 'call'; readonly uuid: number; readonly call: PluginCall; readonly reply: PluginReply }
  | { readonly kind: 'ping'; readonly uuid: number; readonly status: Status }
  | { readonly kind: 'shutdown'; readonly uuid: number; readonly status: Status }
  /** An extension registered, or was refused; then `uuid` is 0. */
  | { readonly kind: 'registered'; readonly uuid: number; readonly name: string; readonly status: Status }
  | { readonly kind: 'gone'; readonly uuid: number }
  /** A line of osqueryd's own log, as glog prints it, with its newline. */
  | { readonly kind: 'log'; readonly text: string }
  /** A worker comes to life; its manager socket does not answer yet. */
  | { readonly kind: 'worker_spawned'; readonly pid: number }
  /** The manager socket answers. */
  | { readonly kind: 'worker_started'; readonly pid: number }
  | { readonly kind: 'worker_exited'; readonly end: WorkerEnd }
  | { readonly kind: 'extension_started'; readonly path: string; readonly pid: number }
  | {
      readonly kind: 'extension_exited';
      readonly path: string;
      readonly code: number | null;
      readonly signal: string | null;
    }
  /** The process is over. `code` is `null` when it was killed. */
  | { readonly kind: 'exited'; readonly code: number | null };

/** How the worker ended. */
export type WorkerEnd = { readonly code: number } | { readonly signal: 'SIGKILL' | 'SIGSEGV' };

export type EventSink = (event: StandInEvent) => void;
