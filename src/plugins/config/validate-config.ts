/** osqueryd's limits (`cfg/config.cpp`): bytes after comments are stripped, and nesting. */
const mib = 1024 * 1024;
const maxDepth = 32;

/** Up to 5.23.1 osqueryd takes 1 MiB, later versions 4 MiB. */
export function maxConfigBytes(version: string): number {
  const [major = 0, minor = 0, patch = 0, commits = 0] = version.split(/[.-]/).map(Number);
  const later =
    major > 5 ||
    (major === 5 &&
      (minor > 23 || (minor === 23 && (patch > 1 || (Number.isFinite(commits) && commits > 0)))));
  return later ? 4 * mib : mib;
}

/**
 * Why osqueryd would not take a configuration, `undefined` if it would. osqueryd empties the schedule of a source before
 * it parses the new text, so what it would refuse must not reach it.
 * @param config JSON text that has been parsed once already
 */
export function configProblem(config: Uint8Array, version: string): string | undefined {
  const limit = maxConfigBytes(version);
  if (config.length > limit) {
    return `the configuration has ${config.length} bytes, and osqueryd ${version} takes ${limit}: make it smaller, or move packs out of it`;
  }
  const deepest = depth(config);
  if (deepest > maxDepth)
    return `the configuration is nested ${deepest} deep, and osqueryd takes ${maxDepth}`;
  return undefined;
}

function depth(json: Uint8Array): number {
  let now = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++now);
    else if (c === 0x7d || c === 0x5d) now--;
  }
  return deepest;
}
