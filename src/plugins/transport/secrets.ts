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
  const forms = [...new Set(values.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return new RegExp(forms.map(escapeRegExp).join('|'), 'gi');
}

/** As it is, and as it stands in a URI, a form, a JSON string, a page, and in basic authorization. */
function formsOf(value: string): string[] {
  const inUri = encodeURIComponent(value.toWellFormed());
  const inJson = JSON.stringify(value).slice(1, -1);
  const inPage = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const forms = [
    value,
    inUri,
    inUri.replaceAll('%20', '+'),
    inJson,
    // Go writes these so, and other quotes into pages.
    inJson.replace(/[&<>]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    inPage,
    inPage.replaceAll('"', '&quot;'),
    inPage.replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
    inPage.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
  ];
  // Base64 of a short text is too common a word to be hidden.
  if (value.length >= 6) forms.push(Buffer.from(value).toString('base64'));
  return forms;
}

/** The text as a part of a regular expression that stands for itself. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
