import type { ByteString } from './bytes.ts';
import type { Row } from './row.ts';

/**
 * What core does to the text of differential results before it compares, stores and logs them: control bytes and
 * bytes that are not UTF-8 become the four characters `\xNN`; DEL and valid UTF-8 stay (recorded in `unicode-binary`).
 */
export function escapeBytes(text: ByteString): ByteString {
  let result = '';
  for (let i = 0; i < text.length; ) {
    const length = utf8Length(text, i);
    if (length === 0) {
      result += `\\x${text.charCodeAt(i).toString(16).toUpperCase().padStart(2, '0')}`;
      i++;
    } else {
      result += text.slice(i, i + length);
      i += length;
    }
  }
  return result;
}

/** A row with its text values escaped; names stay. */
export function escapeRow(row: Row): Row {
  return new Map(
    [...row].map(([name, value]) => [name, typeof value === 'string' ? escapeBytes(value) : value]),
  );
}

/** How many bytes the valid, printable UTF-8 character at `at` has, 0 if there is none. */
function utf8Length(text: ByteString, at: number): number {
  const first = text.charCodeAt(at);
  if (first < 0x80) return first < 0x20 ? 0 : 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > text.length) return 0;
  for (let i = 1; i < length; i++) {
    const next = text.charCodeAt(at + i);
    if (next < 0x80 || next > 0xbf) return 0;
  }
  const second = text.charCodeAt(at + 1);
  const overlong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
  const surrogate = first === 0xed && second > 0x9f;
  const beyond = first === 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}
