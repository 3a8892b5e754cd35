import { inspect } from 'node:util';
import { noSecrets, type Secrets } from './secrets.ts';

/** Everything that can go wrong before there is an answer. A program may test it; the text beside it is for people. */
export type RemoteErrorCode =
  /** A flag is missing or makes no sense, or a file that it names cannot be read. No request was made. */
  | 'settings'
  /** What was handed over for sending is not what it should be. No request was made, and none ever will. */
  | 'content'
  /** No address for the name of the server or the proxy. */
  | 'dns'
  /** No TCP connection. */
  | 'connect'
  /** The proxy refused, or spoke nonsense. */
  | 'proxy'
  /** No TLS connection: certificate, host name, version, client certificate. */
  | 'tls'
  /** The connection ended before the answer was complete. */
  | 'reset'
  /** No complete answer in time. */
  | 'deadline'
  /** The answer is not HTTP, or not encoded as it says. */
  | 'protocol'
  /** The answer is larger than any that we take. */
  | 'reply_too_large'
  /** A redirect that must not be followed. */
  | 'redirect'
  /** The transport thread ended, hung, or is not there at the moment. */
  | 'worker'
  /** A defect of ours, or of code that the user put in between. */
  | 'internal';

/**
 * The one error of the transport. Its message starts with the code and never holds a secret: the constructor takes them
 * out, of its own text and of the cause's.
 */
export class RemoteError extends Error {
  readonly code: RemoteErrorCode;

  constructor(
    code: RemoteErrorCode,
    text: string,
    options: { readonly cause?: unknown; readonly secrets?: Secrets } = {},
  ) {
    const { cause, secrets = noSecrets } = options;
    super(`${code}: ${secrets.scrub(text)}`);
    this.name = 'RemoteError';
    this.code = code;
    if (cause !== undefined) {
      // Kept for a debugger, and out of sight: what others threw may hold anything.
      Object.defineProperty(this, 'cause', { value: cause, enumerable: false });
    }
  }

  /** Whatever was thrown, as a `RemoteError`. One that is one already stays as it is. */
  static from(thrown: unknown, secrets: Secrets = noSecrets): RemoteError {
    if (thrown instanceof RemoteError) return thrown;
    return new RemoteError('internal', textOf(thrown), { cause: thrown, secrets });
  }

  /** Printing the error prints its message and stack, and not the cause. */
  [inspect.custom](): string {
    return this.stack ?? this.message;
  }
}

/** User code may throw anything, also what has no text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'something without a text was thrown';
  }
}
