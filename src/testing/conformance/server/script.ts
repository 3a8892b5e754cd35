/**
 * An HTTP reply, byte for byte in the sender's hands. In header values `{here}` is the server's own origin, `{elsewhere}`
 * host and port of somebody else, and `{path}` the path of the endpoint.
 */
export interface ScriptedReply {
  readonly status: number;
  /** Names and values; `Content-Length` and the like follow from `framing`. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
  /** How the end of the body is told. Default `length`. */
  readonly framing?: 'length' | 'chunked' | 'close';
}

/** What is done to a connection before there is any request. */
export type ConnectionFault =
  | 'refuse'
  | 'reset'
  | 'close'
  | 'hang'
  | 'garbage'
  | 'plain HTTP'
  | 'reset in the handshake'
  | 'unknown CA'
  | 'expired'
  | 'not valid yet'
  | 'wrong name'
  | 'common name only'
  | 'TLS 1.1'
  | 'client certificate';

/** What the server does. */
export type Act =
  | { readonly kind: 'reply'; readonly reply: ScriptedReply }
  /** These bytes as they are; then the connection ends, by a reset if `reset`. */
  | { readonly kind: 'bytes'; readonly bytes: string | Buffer; readonly reset?: boolean }
  /** Reads the request and ends the connection without a byte. */
  | { readonly kind: 'reset' | 'close' }
  /** Resets a connection that has served before, when the next request comes over it. A new one is served well. */
  | { readonly kind: 'stale' }
  /** Closes the connections that are idle, and serves new ones well. */
  | { readonly kind: 'idle close' }
  /** The server takes the request as always, and its reply gets lost. */
  | { readonly kind: 'lost reply' }
  /** No byte, ever. */
  | { readonly kind: 'hang' }
  /** A correct head, and then a byte now and then without end. */
  | { readonly kind: 'drip' }
  | { readonly kind: 'connection'; readonly fault: ConnectionFault };

export interface Script {
  readonly act: Act;
  /** The node key of a request that was hit is forgotten by the server. */
  readonly forgetsKey?: boolean;
  /** The server knows this node key once the script was played: its reply has issued it. */
  readonly issuesKey?: string;
  /**
   * - `first`: the first request to the endpoint, or the first connection;
   * - `until healed`: all of them while osqueryd waits for its answer, or the first hour;
   * - `always`: to the end;
   * - else those requests of which the body is longer, holds a text, or is compressed.
   */
  readonly hits:
    | 'first'
    | 'until healed'
    | 'always'
    | { readonly longerThan: number }
    | { readonly holding: string }
    | 'gzip';
}
