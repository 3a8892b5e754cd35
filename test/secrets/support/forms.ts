import { leaksIn } from './canaries.ts';

/** Both ends of every canary. */
const mark = 'Recogn';

/** A report of more would not be read. */
const most = 10;

/**
 * What of the secrets stands in a text, also where it went through base64 together with something else, which puts its
 * bytes at any of three places in a group. Empty: none.
 */
export function tracesIn(text: string): string[] {
  const encoded = [0, 1, 2].map((before) => {
    const bits = Buffer.from('_'.repeat(before) + mark).toString('base64');
    // Only the characters that hold nothing of what stands before and behind.
    return bits.slice(Math.ceil((before * 8) / 6), Math.floor(((before + mark.length) * 8) / 6));
  });
  const found = encoded.flatMap((part) =>
    [...text.matchAll(new RegExp(part, 'g'))].map(({ index }) =>
      text.slice(Math.max(0, index - 100), index + 60),
    ),
  );
  return [...new Set([...leaksIn(text), ...found])].slice(0, most);
}

/** How a text may be written down, as JavaScript: each takes it, and gives it in that form. */
export const forms = {
  plain: '(text) => text',
  json: '(text) => JSON.stringify(text)',
  jsonTwice: '(text) => JSON.stringify(JSON.stringify(text))',
  uri: '(text) => encodeURIComponent(text)',
  form: '(text) => String(new URLSearchParams({ text }))',
  base64: "(text) => Buffer.from(text).toString('base64')",
  base64url: "(text) => Buffer.from(text).toString('base64url')",
  base64InUri: "(text) => encodeURIComponent(Buffer.from(text).toString('base64'))",
  base64OfPhp: "(text) => Buffer.from(text).toString('base64').replaceAll('/', '\\\\/')",
} as const;
