import type { ByteString } from './bytes.ts';
import { isArray, isObject, type JsonObject, type JsonValue, readJson } from './json-reader.ts';

/** Limit of the sources after 5.23.1, in bytes after comments are gone. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
/** Limit up to osquery 5.23.1 (issue 9042). */
export const MAX_CONFIG_BYTES_5_23 = 1024 * 1024;

const MAX_DEPTH = 32;

/** Removes lines that start with `#` or `//`, joins lines that end with a backslash, trims the rest. */
export function stripComments(text: ByteString): ByteString {
  return text
    .replaceAll('\\\n', '')
    .split('\n')
    .map((line) => line.replace(/^[ \t\r\n\v\f]+|[ \t\r\n\v\f]+$/g, ''))
    .filter((line) => !line.startsWith('#') && !line.startsWith('//'))
    .map((line) => `${line}\n`)
    .join('');
}

/** Reads the text of a config source; `error` is the message that core returns and logs. */
export function readConfig(
  text: ByteString,
  maxBytes: number,
): { readonly config: JsonObject } | { readonly error: string } {
  const stripped = stripComments(text);
  if (stripped.length > maxBytes) {
    const reason = `the config size exceeds the limit of ${maxBytes} bytes`;
    return { error: `Error parsing the config JSON: ${reason}` };
  }
  const config = readJson(stripped);
  if (!isObject(config)) return { error: 'Error parsing the config JSON' };
  if (isDeeperThan(config, MAX_DEPTH)) {
    return { error: 'Error validating the config JSON: Configuration has too many nesting levels!' };
  }
  return { config };
}

function isDeeperThan(root: JsonValue, limit: number): boolean {
  let level: JsonValue[] = [root];
  for (let depth = 0; depth < limit; depth++) {
    level = level.flatMap((value) =>
      isObject(value) ? value.members.map(([, item]) => item) : isArray(value) ? [...value] : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
