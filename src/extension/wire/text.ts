/**
 * Strings of the protocol are bytes that are mostly UTF-8. A byte that is not part of valid UTF-8 becomes the lone
 * surrogate U+DC80 + (byte - 0x80), and that becomes the byte again: every string survives being decoded and encoded.
 */
const replacement = '\ufffd';
const escapeBase = 0xdc00;

export function decodeText(bytes: Buffer, start = 0, end = bytes.length): string {
  const text = bytes.toString('utf8', start, end);
  return text.includes(replacement) ? decodeCarefully(bytes, start, end) : text;
}

/** The bytes of `text`, also of one that `decodeText` made of invalid UTF-8. */
export function encodeText(text: string): Buffer {
  return text.isWellFormed() ? Buffer.from(text, 'utf8') : encodeCarefully(text);
}

function decodeCarefully(bytes: Buffer, start: number, end: number): string {
  const parts: string[] = [];
  let valid = start;
  let at = start;
  while (at < end) {
    const length = sequenceLength(bytes, at, end);
    if (length > 0) {
      at += length;
    } else {
      parts.push(bytes.toString('utf8', valid, at), String.fromCharCode(escapeBase + (bytes[at] ?? 0)));
      at += 1;
      valid = at;
    }
  }
  parts.push(bytes.toString('utf8', valid, end));
  return parts.join('');
}

function encodeCarefully(text: string): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(i + 1))) {
      i++;
    } else if (unit >= escapeBase + 0x80 && unit <= escapeBase + 0xff) {
      parts.push(Buffer.from(text.slice(start, i), 'utf8'), Buffer.of(unit - escapeBase));
      start = i + 1;
    }
  }
  parts.push(Buffer.from(text.slice(start), 'utf8'));
  return Buffer.concat(parts);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Length of the valid UTF-8 sequence at `at`, or 0. Follows table 3-7 of the Unicode standard. */
function sequenceLength(bytes: Buffer, at: number, end: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) {
    const next = bytes[at + i] ?? 0;
    if (next < 0x80 || next > 0xbf) return 0;
  }
  return length;
}
