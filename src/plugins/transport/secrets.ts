/** What stands where a secret stood. */
const hidden = '<hidden>';

/**
 * The secrets that a request carries: enroll secret, node key, proxy password. Every text that leaves the transport
 * (reason, error, dump) goes through `scrub`.
 */
export class Secrets {
  readonly #given: readonly string[];
  readonly #values: readonly string[];

  constructor(values: readonly string[]) {
    this.#given = values;
    const forms = values.filter((value) => value !== '').flatMap(formsOf);
    // The longest first: one secret may contain another.
    this.#values = [...new Set(forms)].sort((a, b) => b.length - a.length);
  }

  /** These and more. */
  and(values: readonly string[]): Secrets {
    return new Secrets([...this.#given, ...values]);
  }

  /** `text` without any of the secrets, in every form in which they go over the wire. */
  scrub(text: string): string {
    let clean = text;
    for (const value of this.#values) clean = clean.replaceAll(value, hidden);
    return clean;
  }
}

export const noSecrets = new Secrets([]);

/** As it is, and as it stands in a URI, a form, a JSON string, a page, and in basic authorization. */
function formsOf(value: string): string[] {
  const inUri = encodeURIComponent(value.toWellFormed());
  const forms = [
    value,
    inUri,
    inUri.replaceAll('%20', '+'),
    JSON.stringify(value).slice(1, -1),
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  ];
  // Base64 of a short text is too common a word to be hidden.
  if (value.length >= 6) forms.push(Buffer.from(value).toString('base64'));
  return forms;
}
