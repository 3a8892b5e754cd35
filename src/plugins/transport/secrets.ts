/** What stands where a secret stood. */
const hidden = '<hidden>';

/**
 * The secrets that a request carries: enroll secret, node key, proxy password. Every text that leaves the transport
 * (reason, error, dump) goes through `scrub`.
 */
export class Secrets {
  readonly #given: readonly string[];
  #pattern: RegExp | undefined;

  constructor(values: readonly string[]) {
    this.#given = values.filter((value) => value !== '');
  }

  /** These and more. */
  and(values: readonly string[]): Secrets {
    return new Secrets([...this.#given, ...values]);
  }

  /** `text` without any of the secrets, in every form in which they go over the wire, in capitals or not. */
  scrub(text: string): string {
    if (this.#given.length === 0) return text;
    // Made late: most requests go well, and have nothing to say.
    this.#pattern ??= patternOf(this.#given);
    return text.replace(this.#pattern, hidden);
  }
}

export const noSecrets = new Secrets([]);

/** So many are remembered: all of some hours, or the last ones where each request has a signature of its own. */
const mostRemembered = 100;
/** A shorter one is too common a word to be taken out of texts that are about something else. */
const leastLength = 6;

/** The secrets of the last requests. One may show up in a text about another request, or about the end of the thread. */
export class RecentSecrets {
  readonly #values = new Set<string>();

  add(values: readonly string[]): void {
    for (const value of values) {
      if (value.length < leastLength) continue;
      this.#values.delete(value);
      this.#values.add(value);
    }
    for (const oldest of this.#values) {
      if (this.#values.size <= mostRemembered) break;
      this.#values.delete(oldest);
    }
  }

  get values(): readonly string[] {
    return [...this.#values];
  }

  scrub(text: string): string {
    return new Secrets(this.values).scrub(text);
  }
}

/** Any of the values in any form. Capitals do not count: a host name loses them, and `%2f` is `%2F`. */
function patternOf(values: readonly string[]): RegExp {
  // The longest first: one secret may contain another.
  const longestFirst = [...new Set(values)].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.flatMap(formsOf).join('|'), 'gi');
}

/** As it stands in any text, and in basic authorization. */
function formsOf(value: string): string[] {
  const forms = [[...value.toWellFormed()].map(formsOfCharacter).join('')];
  // Base64 of a short text is too common a word to be hidden.
  if (value.length >= leastLength) forms.push(formsOfBase64(Buffer.from(value).toString('base64')));
  return forms;
}

/** In both alphabets, with its padding or without, and as it then stands in other texts. */
function formsOfBase64(encoded: string): string {
  const ofUrls: Readonly<Record<string, string>> = { '+': '-', '/': '_' };
  const pad = formsOfCharacter('=');
  return [...encoded.replace(/=+$/, '')]
    .map((char) => {
      const other = ofUrls[char];
      return other === undefined ? char : `(?:${formsOfCharacter(char)}|${other})`;
    })
    .concat(`${pad}{0,2}`)
    .join('');
}

const namesInPages: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
};

/**
 * A character as it is, and as it stands in a URI or a form, in a JSON string and a page. Servers differ in what they
 * write how, and a text may be wrapped more than once: then there are more backslashes, or a `%25`.
 */
function formsOfCharacter(char: string): string {
  if (/^[A-Za-z0-9_-]$/.test(char)) return char;
  const percent = [...Buffer.from(char)].map((byte) => `%(?:25)*${hex(byte, 2)}`).join('');
  const units = Array.from({ length: char.length }, (_, i) => char.charCodeAt(i));
  const json = units.map((unit) => String.raw`\\+u${hex(unit, 4)}`).join('');
  const code = char.codePointAt(0) ?? 0;
  const page = `&(?:amp;)*(?:#0*${code}|#x0*${hex(code, 1)}${namesInPages[char] ? `|${namesInPages[char]}` : ''});`;
  const forms = [String.raw`\\*${escapeRegExp(char)}`, percent, json, page];
  if (char === ' ') forms.push('\\+');
  return `(?:${forms.join('|')})`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** The text as a part of a regular expression that stands for itself. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
