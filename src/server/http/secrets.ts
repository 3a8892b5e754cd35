import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Compares in a time that says nothing about the secrets, not even their length: hashes are compared, and all of them.
 */
export function isOneOf(given: string, secrets: readonly string[]): boolean {
  const digest = hash(given);
  let found = false;
  for (const secret of secrets) {
    if (timingSafeEqual(digest, hash(secret))) found = true;
  }
  return found;
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
