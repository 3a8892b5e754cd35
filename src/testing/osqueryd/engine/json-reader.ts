import { type ByteString, toBytes, untilNul } from './bytes.ts';

/** A number of a JSON text: `integer` when it was written without fraction and exponent. */
export interface JsonNumber {
  readonly kind: 'number';
  readonly value: number;
  readonly integer: boolean;
}

/** Members in the order of the text, repeated names included: both decide what core does. */
export interface JsonObject {
  readonly kind: 'object';
  readonly members: ReadonlyArray<readonly [ByteString, JsonValue]>;
}

export type JsonValue = null | boolean | ByteString | JsonNumber | readonly JsonValue[] | JsonObject;

/**
 * Reads JSON as core does (RapidJSON, default flags): bytes instead of characters, strings are not checked for UTF-8,
 * the order of members and repeated members are kept, the text ends at the first NUL.
 * @returns undefined for text that is not one JSON value.
 */
export function readJson(text: ByteString): JsonValue | undefined {
  const reader = new Reader(untilNul(text));
  try {
    return reader.document();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** The first member of that name, which is the one that core finds. */
export function member(object: JsonObject, name: ByteString): JsonValue | undefined {
  return object.members.find(([key]) => key === name)?.[1];
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'object';
}

export function isNumber(value: JsonValue | undefined): value is JsonNumber {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'number';
}

export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

class Malformed extends Error {}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Deeper than any text that is of use, and safe for a recursive reader. */
const MAX_DEPTH = 1000;

class Reader {
  readonly #text: ByteString;
  #at = 0;
  #depth = 0;

  constructor(text: ByteString) {
    this.#text = text;
  }

  document(): JsonValue {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw new Malformed();
    return value;
  }

  #value(): JsonValue {
    const first = this.#text[this.#at];
    if (first === '{') return this.#nested(() => this.#object());
    if (first === '[') return this.#nested(() => this.#array());
    if (first === '"') return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #nested<T>(read: () => T): T {
    this.#depth++;
    if (this.#depth > MAX_DEPTH) throw new Malformed();
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const members: Array<readonly [ByteString, JsonValue]> = [];
    this.#list('}', () => {
      if (this.#text[this.#at] !== '"') throw new Malformed();
      const name = this.#string();
      this.#space();
      this.#expect(':');
      this.#space();
      members.push([name, this.#value()]);
    });
    return { kind: 'object', members };
  }

  #array(): JsonValue[] {
    const items: JsonValue[] = [];
    this.#list(']', () => items.push(this.#value()));
    return items;
  }

  #list(end: string, item: () => void): void {
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === end) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      this.#space();
      if (this.#text[this.#at] === end) {
        this.#at++;
        return;
      }
      this.#expect(',');
      this.#space();
    }
  }

  #string(): ByteString {
    this.#at++;
    let result = '';
    for (;;) {
      const from = this.#at;
      while (isPlain(this.#text.charCodeAt(this.#at))) this.#at++;
      result += this.#text.slice(from, this.#at);
      const stop = this.#text[this.#at++];
      if (stop === '"') return result;
      if (stop !== '\\') throw new Malformed();
      const letter = this.#text[this.#at++] ?? '';
      const short = ESCAPES[letter];
      if (short !== undefined) result += short;
      else if (letter === 'u') result += this.#unicode();
      else throw new Malformed();
    }
  }

  #unicode(): ByteString {
    const unit = this.#hex();
    if (unit < 0xd800 || unit > 0xdbff) {
      if (unit >= 0xdc00 && unit <= 0xdfff) throw new Malformed();
      return toBytes(String.fromCharCode(unit));
    }
    if (!this.#text.startsWith('\\u', this.#at)) throw new Malformed();
    this.#at += 2;
    const low = this.#hex();
    if (low < 0xdc00 || low > 0xdfff) throw new Malformed();
    return toBytes(String.fromCharCode(unit, low));
  }

  #hex(): number {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Malformed();
    this.#at += 4;
    return Number.parseInt(digits, 16);
  }

  #number(): JsonNumber {
    const pattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new Malformed();
    this.#at = pattern.lastIndex;
    const integer = found[1] === undefined && found[2] === undefined;
    return { kind: 'number', value: Number(found[0]), integer };
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw new Malformed();
    this.#at++;
  }
}

/** Neither a control byte, nor the end, nor a quote, nor a backslash. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c;
}
