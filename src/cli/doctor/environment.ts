import { readFileSync } from 'node:fs';

const concernsUs = /^(OSQUERY_REMOTE_\w+|NO_PROXY|no_proxy)$/;

/**
 * Names of variables that concern us and have another value in the process `pid`, if that is an osqueryd whose
 * environment can be read (Linux). What a service manager sets is in no shell.
 */
export function otherVariables(pid: number, env: NodeJS.ProcessEnv): string[] {
  try {
    if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('osqueryd')) return [];
    return differing(readFileSync(`/proc/${pid}/environ`, 'utf8'), env);
  } catch {
    return [];
  }
}

/** @param environ `NAME=value`, each with a zero byte behind it. Values are looked at, and not returned. */
export function differing(environ: string, env: NodeJS.ProcessEnv): string[] {
  const theirs = environ
    .split('\0')
    .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const);
  return theirs.filter(([name, value]) => concernsUs.test(name) && env[name] !== value).map(([name]) => name);
}
