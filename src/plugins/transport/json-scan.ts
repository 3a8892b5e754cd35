/**
 * A scanner over the bytes of JSON text. It checks and finds borders, and never makes values: what was not changed goes
 * on byte for byte (big numbers, order and repetition of keys, bytes that are not UTF-8).
 *
 * Strings may hold any byte from 0x20 on, as osqueryd's own snapshots do.
 */

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Where a value starts, and where it ends (exclusive). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of an object: `key` covers the quotes. */
export interface Member {
  readonly key: Span;
  readonly value: Span;
}

/** Deepest nesting that the scanner follows. */
const maxDepth = 512;

/** The first position from `at` on that is not white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at;
  for (; i < bytes.length; i++) {
    const c = bytes[i];
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
  }
  return i;
}

/** True if `bytes` are exactly one JSON value, white space around it allowed. */
export function isJson(bytes: Uint8Array): boolean {
  const end = endOfValue(bytes, skipSpace(bytes, 0));
  return end !== -1 && skipSpace(bytes, end) === bytes.length;
}

/** The deepest nesting of valid JSON text: 0 for a scalar, 1 for `{}`. */
export function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === quote) {
      i = endOfString(bytes, i) - 1;
    } else if (c === openObject || c === openArray) {
      deepest = Math.max(deepest, ++depth);
    } else if (c === closeObject || c === closeArray) {
      depth--;
    }
  }
  return deepest;
}

/** The end (exclusive) of the value that starts at `start`, or -1 if there is no valid one. */
export function endOfValue(bytes: Uint8Array, start: number): number {
  // One bit of the nesting per level: true for an object.
  const objects: boolean[] = [];
  let i = start;
  for (;;) {
    // A value is expected.
    i = skipSpace(bytes, i);
    const c = bytes[i];
    if (c === openObject) {
      i = skipSpace(bytes, i + 1);
      if (bytes[i] === closeObject) {
        i++;
      } else {
        if (objects.length >= maxDepth) return -1;
        objects.push(true);
        i = endOfKey(bytes, i);
        if (i === -1) return -1;
        continue;
      }
    } else if (c === openArray) {
      i = skipSpace(bytes, i + 1);
      if (bytes[i] === closeArray) {
        i++;
      } else {
        if (objects.length >= maxDepth) return -1;
        objects.push(false);
        continue;
      }
    } else {
      i = c === quote ? endOfString(bytes, i) : endOfScalar(bytes, i);
      if (i === -1) return -1;
    }
    // A value has ended: close what ends with it.
    for (;;) {
      const inObject = objects.at(-1);
      if (inObject === undefined) return i;
      i = skipSpace(bytes, i);
      const next = bytes[i];
      if (next === comma) {
        i++;
        if (inObject) {
          i = endOfKey(bytes, skipSpace(bytes, i));
          if (i === -1) return -1;
        }
        break;
      }
      if (next !== (inObject ? closeObject : closeArray)) return -1;
      objects.pop();
      i++;
    }
  }
}

/** The members of the object that starts at `start`, in order; undefined if it is no valid object. */
export function membersOf(bytes: Uint8Array, start = 0): Member[] | undefined {
  let i = skipSpace(bytes, start);
  if (bytes[i] !== openObject) return undefined;
  const members: Member[] = [];
  i = skipSpace(bytes, i + 1);
  if (bytes[i] === closeObject) return members;
  for (;;) {
    const keyEnd = bytes[i] === quote ? endOfString(bytes, i) : -1;
    if (keyEnd === -1) return undefined;
    const key = { start: i, end: keyEnd };
    i = skipSpace(bytes, keyEnd);
    if (bytes[i] !== colon) return undefined;
    const value = spanAt(bytes, i + 1);
    if (value === undefined) return undefined;
    members.push({ key, value });
    i = skipSpace(bytes, value.end);
    if (bytes[i] === closeObject) return members;
    if (bytes[i] !== comma) return undefined;
    i = skipSpace(bytes, i + 1);
  }
}

/** The elements of the array that starts at `start`, in order; undefined if it is no valid array. */
export function elementsOf(bytes: Uint8Array, start = 0): Span[] | undefined {
  let i = skipSpace(bytes, start);
  if (bytes[i] !== openArray) return undefined;
  const elements: Span[] = [];
  i = skipSpace(bytes, i + 1);
  if (bytes[i] === closeArray) return elements;
  for (;;) {
    const element = spanAt(bytes, i);
    if (element === undefined) return undefined;
    elements.push(element);
    i = skipSpace(bytes, element.end);
    if (bytes[i] === closeArray) return elements;
    if (bytes[i] !== comma) return undefined;
    i++;
  }
}

/** True if the bytes of `span` are exactly `text` (ASCII). */
export function spells(bytes: Uint8Array, span: Span, text: string): boolean {
  if (span.end - span.start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[span.start + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

function spanAt(bytes: Uint8Array, at: number): Span | undefined {
  const start = skipSpace(bytes, at);
  const end = endOfValue(bytes, start);
  return end === -1 ? undefined : { start, end };
}

/** Behind the colon of the key that starts at `at`, or -1. */
function endOfKey(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== quote) return -1;
  const end = endOfString(bytes, at);
  if (end === -1) return -1;
  const i = skipSpace(bytes, end);
  return bytes[i] === colon ? i + 1 : -1;
}

/** Behind the closing quote of the string that starts at `at`, or -1. */
function endOfString(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === quote) return i + 1;
    if (c === backslash) {
      i++;
      if (!isEscape(bytes, i)) return -1;
      if (bytes[i] === 0x75) i += 4;
    } else if (c === undefined || c < 0x20) {
      return -1;
    }
  }
  return -1;
}

/** True if an escape goes on correctly at `at`, behind its backslash. */
function isEscape(bytes: Uint8Array, at: number): boolean {
  switch (bytes[at]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return true;
    case 0x75: // u
      return isHex(bytes[at + 1]) && isHex(bytes[at + 2]) && isHex(bytes[at + 3]) && isHex(bytes[at + 4]);
    default:
      return false;
  }
}

function isHex(c: number | undefined): boolean {
  if (c === undefined) return false;
  return isDigit(c) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
}

function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 0x30 && c <= 0x39;
}

/** Behind the number, `true`, `false` or `null` that starts at `at`, or -1. */
function endOfScalar(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case 0x74:
      return spells(bytes, { start: at, end: at + 4 }, 'true') ? at + 4 : -1;
    case 0x66:
      return spells(bytes, { start: at, end: at + 5 }, 'false') ? at + 5 : -1;
    case 0x6e:
      return spells(bytes, { start: at, end: at + 4 }, 'null') ? at + 4 : -1;
    default:
      return endOfNumber(bytes, at);
  }
}

function endOfNumber(bytes: Uint8Array, at: number): number {
  let i = bytes[at] === 0x2d ? at + 1 : at;
  if (bytes[i] === 0x30) {
    i++;
  } else {
    const digits = i;
    while (isDigit(bytes[i])) i++;
    if (i === digits) return -1;
  }
  if (bytes[i] === 0x2e) {
    const digits = ++i;
    while (isDigit(bytes[i])) i++;
    if (i === digits) return -1;
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    i++;
    if (bytes[i] === 0x2b || bytes[i] === 0x2d) i++;
    const digits = i;
    while (isDigit(bytes[i])) i++;
    if (i === digits) return -1;
  }
  return i;
}
