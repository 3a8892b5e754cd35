/** What the server or an error says can be long. */
const longest = 300;

/** One line about an error, whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Makes a reason fit for logs and tables: one line, not long, and none of `keys` in it. */
export function clean(text: string, keys: readonly (string | undefined)[]): string {
  let safe = text;
  for (const key of keys) if (key) safe = safe.replaceAll(key, '<node_key>');
  safe = safe.replace(/\s+/g, ' ').trim();
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe;
}

export function secondsOf(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
