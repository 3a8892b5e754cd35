/**
 * About how many lines a record holds, without reading it: a hint for the caps. What is delivered is counted as it goes
 * out.
 */

/** Status lines of an array: exact, since quotes inside of strings are escaped. */
export function countStatusLines(lines: Buffer): number {
  return Math.max(1, occurrences(lines, '"s":'));
}

/** Rows of a batch line, at least 1; exact unless a value holds the text `},{` or `:[{`. */
export function countRows(line: Buffer): number {
  return Math.max(1, occurrences(line, ':[{') + occurrences(line, '},{'));
}

function occurrences(bytes: Buffer, text: string): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + text.length)) count++;
  return count;
}
