import { readdirSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { dist, source } from './paths.mjs';

/** Removes what earlier builds made from files that are gone. @param extension the files of the extension, absolute. */
export function removeStale(extension) {
  const expected = new Set(extension);
  for (const file of filesBelow(source)) {
    if (!file.endsWith('.ts')) continue;
    const base = join(dist, relative(source, file)).slice(0, -'.ts'.length);
    for (const suffix of ['.js', '.js.map', '.d.ts']) expected.add(`${base}${suffix}`);
  }
  for (const file of filesBelow(dist)) {
    const isLock = !relative(dist, file).includes(sep) && file.includes('.prepare.lock');
    if (!isLock && !expected.has(file)) rmSync(file, { force: true });
  }
}

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
