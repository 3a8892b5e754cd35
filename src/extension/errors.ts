/** What went wrong between this process and osqueryd. A program may test it; the text beside it is for people. */
export type ExtensionErrorCode =
  /** The command line, or a plugin's definition, makes no sense. */
  | 'arguments'
  /** The socket is not there, cannot be opened, or ended before the answer was complete. */
  | 'socket'
  /** No answer in time. */
  | 'timeout'
  /** The answer is not what the protocol allows. */
  | 'protocol'
  /** osqueryd understood, and said no. The message is osqueryd's. */
  | 'refused'
  /** A plugin or extension of this name is registered already. */
  | 'taken'
  /** The extension has stopped. */
  | 'stopped';

/** The one error of the SDK. Its message starts with the code. */
export class ExtensionError extends Error {
  readonly code: ExtensionErrorCode;

  constructor(code: ExtensionErrorCode, text: string, options?: ErrorOptions) {
    super(`${code}: ${text}`, options);
    this.name = 'ExtensionError';
    this.code = code;
  }
}

/** The text of whatever was thrown, for a status message or a log line. Never throws. */
export function textOf(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return text === '' ? 'an error without a message' : text;
  } catch {
    return 'an error without a message';
  }
}
