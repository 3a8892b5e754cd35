import { isJson } from './json-scan.ts';

/** Streams whose lines pass the hook. */
export type LineStream = 'result' | 'status';

/** A line that is about to leave the host. */
export interface Line {
  readonly stream: LineStream;
  /** JSON text as osqueryd wrote it; for a status line as the built-in logger would. Not to be changed. */
  readonly bytes: Uint8Array;
  /**
   * The line as an object, parsed when it is first asked for. It may be changed in place: whether it or the line is
   * returned then makes no difference. Numbers above 2^53 lose digits; the bytes do not.
   */
  json(): LineObject;
}

/** A line as an object, all members as they stand in it. */
export type LineObject = { [member: string]: unknown };

/**
 * Decides what of a line leaves the host: the line as it is, another object or text in its place, or `null` to drop it.
 * It must not wait for anything. A line for which it throws or returns nothing does not leave the host: it is set aside
 * in the quarantine with the reason.
 */
export type LineHook = (line: Line, stream: LineStream) => Line | LineObject | Uint8Array | string | null;

/** What the hook made of a line. */
export type Passed =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'drop' }
  | { readonly kind: 'fault'; readonly reason: string };

/** Runs the hook for one line. Never throws. */
export function passLine(hook: LineHook, bytes: Uint8Array, stream: LineStream): Passed {
  const line = new LazyLine(bytes, stream);
  try {
    return passed(hook(line, stream), line);
  } catch (error) {
    return { kind: 'fault', reason: `the line hook failed: ${errorText(error)}` };
  }
}

function passed(result: unknown, line: LazyLine): Passed {
  if (result === null) return { kind: 'drop' };
  if (result === line) return { kind: 'send', bytes: line.present() };
  if (result instanceof Uint8Array) return checked(result);
  if (typeof result === 'string') return checked(Buffer.from(result));
  if (typeof result !== 'object' || Array.isArray(result)) return fault(`returned ${typeof result}`);
  if ('then' in result) return fault('returned a promise');
  return { kind: 'send', bytes: Buffer.from(JSON.stringify(result)) };
}

function checked(bytes: Uint8Array): Passed {
  return isJson(bytes) ? { kind: 'send', bytes } : fault('returned text that is not JSON');
}

function fault(what: string): Passed {
  return { kind: 'fault', reason: `the line hook ${what}: it must return the line, an object, JSON or null` };
}

function errorText(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something without a text was thrown';
  }
}

class LazyLine implements Line {
  readonly stream: LineStream;
  readonly bytes: Uint8Array;
  #object: LineObject | undefined;
  #text = '';

  constructor(bytes: Uint8Array, stream: LineStream) {
    this.bytes = bytes;
    this.stream = stream;
  }

  json(): LineObject {
    if (this.#object === undefined) {
      const value: unknown = JSON.parse(Buffer.from(this.bytes).toString());
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new TypeError('the line is no JSON object');
      }
      this.#object = value as LineObject;
      this.#text = JSON.stringify(value);
    }
    return this.#object;
  }

  /** The bytes as they are, unless the object was changed: nobody who redacts in place must be passed over. */
  present(): Uint8Array {
    if (this.#object === undefined) return this.bytes;
    const text = JSON.stringify(this.#object);
    return text === this.#text ? this.bytes : Buffer.from(text);
  }
}
