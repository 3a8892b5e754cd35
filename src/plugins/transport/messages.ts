import type { KeyReply, KeyRequest } from './key-hook.ts';
import type { TransportReply } from './outcome.ts';
import type { PackedRequest } from './pack.ts';
import type { TransportSettings } from './settings.ts';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** The time on the socket thread when a message left it. */
export interface Stamp {
  readonly now: number;
  readonly monotonic: number;
}

/** From the socket thread to the transport. Plain data and transferred bytes. */
export type ToTransport = Stamp &
  (
    | { readonly type: 'settings'; readonly settings: TransportSettings }
    | { readonly type: 'request'; readonly id: number; readonly request: PackedRequest }
    /** About the user's place for the node key. */
    | { readonly type: 'key'; readonly id: number; readonly request: KeyRequest }
    | { readonly type: 'cancel'; readonly id: number }
    /** A sleep that the transport asked for is over. */
    | { readonly type: 'woke'; readonly id: number }
    | { readonly type: 'close' }
  );

/** From the transport to the socket thread. */
export type FromTransport =
  | { readonly type: 'reply'; readonly id: number; readonly reply: TransportReply }
  | { readonly type: 'key'; readonly id: number; readonly reply: KeyReply }
  /** The user's code cannot be used. A new thread may find it mended. */
  | { readonly type: 'broken'; readonly reason: string }
  | { readonly type: 'sleep'; readonly id: number; readonly ms: number }
  | { readonly type: 'unsleep'; readonly id: number }
  | { readonly type: 'log'; readonly level: LogLevel; readonly text: string };
