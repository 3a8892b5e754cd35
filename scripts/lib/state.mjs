import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dist, extension, root, source, stampFile } from './paths.mjs';

/** Apart from `src`, what the build is made from. */
const alsoBuiltFrom = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'thrift/gen',
  'scripts',
];

/** What must be there after a build. */
const built = [join(dist, 'cli', 'main.js'), extension];

/** Whether the packages of package-lock.json are installed. */
export function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  if (readStamp().packages === packages()) return true;
  // Somebody ran npm by hand.
  return statSync(hidden).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

export function isBuilt() {
  return built.every((file) => existsSync(file)) && readStamp().sources === sources();
}

/** Identifies what is to be installed. */
export function packages() {
  return hash(readFileSync(join(root, 'package-lock.json')));
}

/**
 * Identifies what is to be built: names, sizes and times of all files, so that a file that became older (another
 * branch) or vanished counts as well. Tests are not built.
 */
export function sources() {
  const seen = [];
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else if (!path.endsWith('.test.ts')) seen.push(`${path}:${stat.size}:${stat.mtimeMs}`);
  };
  visit(source);
  for (const path of alsoBuiltFrom) visit(join(root, path));
  return hash(seen.join('\n'));
}

/** Remembers what was done; a value that is not given is forgotten. */
export function writeStamp(stamp) {
  writeFileSync(stampFile, `${JSON.stringify(stamp)}\n`);
}

export function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}

function hash(content) {
  return createHash('sha256').update(content).digest('hex');
}
