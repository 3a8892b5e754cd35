import { membersOf } from '../transport/index.ts';

/** The results of one query, as a text of the same form as that of all. */
export interface SplitResult {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Takes the results of each query out of what osqueryd wrote, by cutting bytes: what is in them (large numbers, bytes
 * that are not UTF-8, the order of columns) stays as it is. A text that is not as expected comes back whole, under no id.
 */
export function splitResults(results: Buffer): SplitResult[] {
  const sections = membersOf(results);
  if (sections === undefined) return [{ id: '', bytes: Buffer.from(results) }];
  const chunks = new Map<string, Buffer[]>();
  for (const section of sections) {
    const entries = membersOf(results, section.value.start);
    if (entries === undefined) return [{ id: '', bytes: Buffer.from(results) }];
    const name = results.subarray(section.key.start, section.key.end);
    for (const { key, value } of entries) {
      const idText = results.subarray(key.start, key.end);
      const id = idOf(idText);
      const own = chunks.get(id) ?? [];
      own.push(
        Buffer.from(own.length === 0 ? '{' : ','),
        name,
        Buffer.from(':{'),
        idText,
        Buffer.from(':'),
        results.subarray(value.start, value.end),
        Buffer.from('}'),
      );
      chunks.set(id, own);
    }
  }
  return Array.from(chunks, ([id, own]) => ({ id, bytes: Buffer.concat([...own, Buffer.from('}')]) }));
}

function idOf(json: Buffer): string {
  try {
    return String(JSON.parse(json.toString('utf8')));
  } catch {
    return json.subarray(1, -1).toString('latin1');
  }
}
