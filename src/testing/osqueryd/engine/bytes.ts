/**
 * Text as core handles it: bytes. One character (0-255) stands for one byte, so that bytes that are not UTF-8 survive,
 * `<` and `sort` give core's byte order, and `Map` keys work. `Buffer.from(value, 'latin1')` gives the wire bytes,
 * `buffer.toString('latin1')` the value. Everything in this folder takes and returns text in this form; strings that
 * are plain ASCII look the same in both.
 */
export type ByteString = string;

/** The UTF-8 bytes of ordinary text. */
export function toBytes(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Ordinary text for people to read; bytes that are not UTF-8 become U+FFFD. */
export function fromBytes(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Core reads most values as C strings: they end at the first NUL. */
export function untilNul(bytes: ByteString): ByteString {
  const end = bytes.indexOf('\0');
  return end === -1 ? bytes : bytes.slice(0, end);
}

/** Order of C++ `std::string`, for `sort`. */
export function compareBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
