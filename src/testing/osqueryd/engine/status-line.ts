import type { ByteString } from './bytes.ts';
import { calendarTime } from './calendar-time.ts';
import { jsonString } from './json-writer.ts';

/** 0 INFO, 1 WARNING, 2 ERROR, 3 FATAL. */
export type Severity = 0 | 1 | 2 | 3;

/** What core logs, with the place in core's source where it does. */
export interface StatusEvent {
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly message: ByteString;
  /** Recorded only with `--verbose`, then as INFO. */
  readonly verbose?: true;
}

/** A status event and the second at which it happened. */
export interface StatusLine extends StatusEvent {
  /** Seconds since the Unix epoch. */
  readonly unixTime: number;
}

/** Where the engine reports what core would log. */
export type StatusSink = (event: StatusEvent) => void;

/** The `log` value of a logger `status` call, byte for byte as core writes it (B.2 of the protocol). */
export function statusLog(lines: readonly StatusLine[], hostIdentifier: ByteString): ByteString {
  return `[${lines
    .map(
      ({ severity, file, line, message, unixTime }) =>
        `{"s":${severity},"f":${jsonString(file)},"i":${line},"m":${jsonString(message)}` +
        `,"h":${jsonString(hostIdentifier)},"c":"${calendarTime(unixTime)}","u":${unixTime}}`,
    )
    .join(',')}]`;
}
