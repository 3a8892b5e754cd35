/** A member that holds a node key, quoted as in JSON. */
const member = /"(?:node_key|id)"\s*:\s*("(?:[^"\\]|\\.)*")/g;
/** A shorter one is too common a word to be taken out of texts. */
const leastLength = 6;

/**
 * The node keys in an answer to an enrollment, whatever stands around them: what is no usable answer may hold a good key
 * all the same, and whoever quotes it shows that.
 */
export function issuedKeys(body: Uint8Array): string[] {
  const text = Buffer.from(body).toString();
  // Also JSON in a text of JSON.
  const keys = [text, text.replaceAll('\\"', '"')]
    .flatMap((one) => [...one.matchAll(member)])
    .map(([, quoted = '']) => textOf(quoted))
    .filter((key) => key.length >= leastLength);
  return [...new Set(keys)];
}

function textOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}
