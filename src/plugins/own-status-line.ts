/** A status line of ours, in the form in which osqueryd hands its own to a logger. */
export function ownStatusLine(line: {
  readonly severity: 0 | 1 | 2;
  readonly file: string;
  readonly message: string;
  readonly hostIdentifier: string;
  /** Wall-clock milliseconds. */
  readonly now: number;
}): Buffer {
  const { severity, file, message, hostIdentifier, now } = line;
  const element = {
    s: severity,
    f: file,
    i: 0,
    m: message,
    h: hostIdentifier,
    c: calendarTime(now),
    u: Math.floor(now / 1000),
  };
  return Buffer.from(JSON.stringify([element]));
}

/** As C's `asctime` in UTC, with ` UTC`: the day is padded with a space. */
function calendarTime(now: number): string {
  const date = new Date(now).toUTCString();
  const [, weekday = '', day = '', month = '', year = '', time = ''] =
    /^(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(date) ?? [];
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year} UTC`;
}
