import { type ByteString, fromBytes } from './bytes.ts';

/** As core reads INTEGER and BIGINT values: all of the text must be a number that fits 64 bits. */
export function integer(text: ByteString): bigint | undefined {
  if (!/^\s*[+-]?\d+$/.test(text)) return undefined;
  const number = BigInt(text.trim().replace(/^\+/, ''));
  return BigInt.asIntN(64, number) === number ? number : undefined;
}

/** As C's `strtod`, all of the text. */
export function double(text: ByteString): number | undefined {
  const word = fromBytes(text).trimStart();
  const infinite = /^([+-]?)inf(inity)?$/i.exec(word);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : undefined;
}
