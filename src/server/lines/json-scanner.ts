/** JSON text that does not follow the grammar. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';

  /** @param at offset in bytes. */
  constructor(what: string, at: number) {
    super(`${what} at byte ${at}`);
  }
}

/** Containers inside each other; deeper text is refused, so that a hostile body cannot exhaust the stack. */
const maxDepth = 128;

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

const literals = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/**
 * Walks over JSON text once, as bytes, and checks its grammar. Bytes from 0x80 on are taken as they are: log lines may
 * hold invalid UTF-8, which a decoder would replace.
 */
export class JsonScanner {
  /** Offset of the next byte. */
  at = 0;
  /** A line break stood between two tokens since this was last set to false. */
  brokeLine = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The first byte of the next token, -1 at the end. */
  peek(): number {
    this.#space();
    return this.#byte();
  }

  /**
   * Walks over an object. `onMember` must consume the value of the member, by `value` or by what knows its kind.
   * @throws {JsonSyntaxError}
   */
  members(onMember: (name: string) => void): void {
    this.#expect(openObject, 'expected an object');
    if (this.#take(closeObject)) return;
    do {
      this.#space();
      const start = this.at;
      this.#string();
      const name = Buffer.from(
        this.#bytes.buffer,
        this.#bytes.byteOffset + start,
        this.at - start,
      ).toString();
      this.#expect(0x3a, 'expected a colon');
      onMember(name.includes('\\') ? JSON.parse(name) : name.slice(1, -1));
    } while (this.#take(comma));
    this.#expect(closeObject, 'expected a comma or the end of the object');
  }

  /**
   * Walks over an array.
   * @param onElement gets the offsets of each element's first byte and of the byte behind it.
   * @throws {JsonSyntaxError}
   */
  elements(onElement: (start: number, end: number) => void): void {
    this.#array(1, onElement);
  }

  /**
   * Walks over any value.
   * @throws {JsonSyntaxError}
   */
  value(): void {
    this.#value(1);
  }

  /** @throws {JsonSyntaxError} when anything but white space is left. */
  end(): void {
    if (this.peek() !== -1) this.#fail('expected the end');
  }

  #value(depth: number): void {
    this.#space();
    const byte = this.#byte();
    if (byte === quote) this.#string();
    else if (byte === openObject) this.#object(depth);
    else if (byte === openArray) this.#array(depth, undefined);
    else if (byte === 0x2d || isDigit(byte)) this.#number();
    else this.#literal();
  }

  #object(depth: number): void {
    if (depth > maxDepth) this.#fail(`more than ${maxDepth} containers inside each other`);
    this.at++;
    if (this.#take(closeObject)) return;
    do {
      this.#space();
      this.#string();
      this.#expect(0x3a, 'expected a colon');
      this.#value(depth + 1);
    } while (this.#take(comma));
    this.#expect(closeObject, 'expected a comma or the end of the object');
  }

  #array(depth: number, onElement: ((start: number, end: number) => void) | undefined): void {
    if (depth > maxDepth) this.#fail(`more than ${maxDepth} containers inside each other`);
    this.#expect(openArray, 'expected an array');
    if (this.#take(closeArray)) return;
    do {
      this.#space();
      const start = this.at;
      this.#value(depth + 1);
      onElement?.(start, this.at);
    } while (this.#take(comma));
    this.#expect(closeArray, 'expected a comma or the end of the array');
  }

  #string(): void {
    const bytes = this.#bytes;
    let at = this.at;
    if (bytes[at] !== quote) this.#fail('expected a string');
    for (at++; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        this.at = at + 1;
        return;
      }
      if (byte === backslash) {
        at += 1;
        if (bytes[at] === 0x75) {
          for (let digit = 0; digit < 4; digit++) {
            at++;
            if (!isHexDigit(bytes[at] ?? -1)) this.#fail('expected four hexadecimal digits', at);
          }
        } else if (!isEscape(bytes[at] ?? -1)) this.#fail('unknown escape in a string', at);
      } else if (byte < 0x20) this.#fail('control character in a string', at);
    }
    this.#fail('a string without end', at);
  }

  #number(): void {
    if (this.#byte() === 0x2d) this.at++;
    if (this.#byte() === 0x30) this.at++;
    else this.#digits();
    if (this.#byte() === 0x2e) {
      this.at++;
      this.#digits();
    }
    if (this.#byte() === 0x65 || this.#byte() === 0x45) {
      this.at++;
      if (this.#byte() === 0x2b || this.#byte() === 0x2d) this.at++;
      this.#digits();
    }
  }

  #digits(): void {
    if (!isDigit(this.#byte())) this.#fail('expected a digit');
    while (isDigit(this.#byte())) this.at++;
  }

  #literal(): void {
    const word = literals.find((literal) => literal.every((byte, i) => this.#bytes[this.at + i] === byte));
    if (word === undefined) this.#fail('expected a value');
    else this.at += word.length;
  }

  #space(): void {
    const bytes = this.#bytes;
    while (this.at < bytes.length) {
      const byte = bytes[this.at];
      if (byte === 0x0a || byte === 0x0d) this.brokeLine = true;
      else if (byte !== 0x20 && byte !== 0x09) return;
      this.at++;
    }
  }

  #take(byte: number): boolean {
    this.#space();
    if (this.#byte() !== byte) return false;
    this.at++;
    return true;
  }

  #expect(byte: number, otherwise: string): void {
    if (!this.#take(byte)) this.#fail(otherwise);
  }

  #byte(): number {
    return this.#bytes[this.at] ?? -1;
  }

  #fail(what: string, at = this.at): never {
    throw new JsonSyntaxError(what, Math.min(at, this.#bytes.length));
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function isEscape(byte: number): boolean {
  return byte !== -1 && '"\\/bfnrt'.includes(String.fromCharCode(byte));
}
