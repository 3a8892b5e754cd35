import { failure, isPromise, ok, type Plugin, type PluginReply } from './plugin.ts';
import { decodeText, encodeText } from './wire/index.ts';

/**
 * A logger plugin: osqueryd hands it lines when `--logger_plugin` names it. The methods that are there decide what is
 * asked of osqueryd: `status` for status lines, `event` for event rows.
 *
 * Lines are bytes without a line break, usually JSON in UTF-8 (snapshots may hold other bytes). They stay valid, but are
 * views into the message: copy what you keep for long. Do not call osqueryd before you have returned: it holds locks
 * meanwhile, and both sides would wait for each other.
 *
 * **When `string` or `snapshot` throws or rejects, and this is the last logger, osqueryd ends with code 78.** Keep the
 * line somewhere and return.
 */
export interface LoggerPlugin {
  readonly name: string;
  /** One result line of a scheduled query. */
  string(line: Buffer): void | Promise<void>;
  /** One line of a snapshot query. Default: `string`. */
  snapshot?(line: Buffer): void | Promise<void>;
  /**
   * Status lines of osqueryd, every 3 s, as the JSON array that osqueryd wrote (`parseStatusLines` reads it). A failure
   * loses them.
   */
  status?(lines: Buffer): void | Promise<void>;
  /** A row of an event table at the moment of the event, as a JSON object. A failure is ignored. */
  event?(row: Buffer): void | Promise<void>;
  /** Once, before the first line, with the name of the process. Not again after a registration that comes later. */
  init?(processName: string): void | Promise<void>;
}

/** A status line as osqueryd hands it to a logger. */
export interface StatusLine {
  /** 0 information, 1 warning, 2 error, 3 fatal. */
  readonly severity: number;
  readonly filename: string;
  readonly line: number;
  readonly message: string;
  readonly hostIdentifier: string;
  readonly calendarTime: string;
  /** Seconds since the Unix epoch. */
  readonly unixTime: number;
}

/** Reads what `status` was given. */
export function parseStatusLines(lines: Buffer): StatusLine[] {
  const parsed = JSON.parse(lines.toString('utf8')) as {
    s: number;
    f: string;
    i: number;
    m: string;
    h: string;
    c: string;
    u: number;
  }[];
  return parsed.map(({ s, f, i, m, h, c, u }) => ({
    severity: s,
    filename: f,
    line: i,
    message: m,
    hostIdentifier: h,
    calendarTime: c,
    unixTime: u,
  }));
}

const logStatus = 1;
const logEvent = 2;

/** Makes a plugin of the registry `logger`. */
export function loggerPlugin(plugin: LoggerPlugin): Plugin {
  // osqueryd reads the features from the code of the status (bits: 1 status lines, 2 events), not from a row.
  const code = (plugin.status ? logStatus : 0) | (plugin.event ? logEvent : 0);
  const features: PluginReply = { code, message: 'OK', rows: [] };

  /** In the order in which osquery's own dispatcher looks at the keys. Others, as `category`, say nothing new. */
  const handlerOf = (request: ReadonlyMap<string, Buffer>): (() => unknown) | PluginReply => {
    const line = request.get('string');
    if (line !== undefined) return () => plugin.string(line);
    const batch = request.get('string_batch');
    if (batch !== undefined) return () => Promise.all(linesOf(batch).map((one) => plugin.string(one)));
    const snapshot = request.get('snapshot');
    if (snapshot !== undefined)
      return () => (plugin.snapshot ? plugin.snapshot(snapshot) : plugin.string(snapshot));
    const init = request.get('init');
    if (init !== undefined) return () => plugin.init?.(init.toString());
    if (request.has('status')) return () => plugin.status?.(request.get('log') ?? Buffer.from('[]'));
    const event = request.get('event');
    if (event !== undefined) return () => plugin.event?.(event);
    if (request.get('action')?.toString() === 'features') return features;
    return failure('a logger plugin was called without string, snapshot, init, status, event or features');
  };

  return {
    registry: 'logger',
    name: plugin.name,
    route: [],
    call(request) {
      const handler = handlerOf(request);
      if (typeof handler !== 'function') return handler;
      // Whatever it returns is success: only what it throws is not.
      const returned = handler();
      return isPromise(returned) ? Promise.resolve(returned).then(() => ok) : ok;
    },
  };
}

/** The lines of a batch, a JSON array of strings. osqueryd passes on what another extension sends in this form. */
function linesOf(batch: Buffer): Buffer[] {
  const lines: unknown = JSON.parse(decodeText(batch));
  if (!Array.isArray(lines)) throw new Error('string_batch is no array');
  return lines.map((line) => encodeText(String(line)));
}
