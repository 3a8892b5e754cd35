import { readSettings } from '../settings.ts';

/** For tests: options as `options()` gives them, of these flags alone. */
export function optionsOf(values: Record<string, string>) {
  return new Map(
    Object.entries(values).map(([name, value]) => [name, { value, defaultValue: '', type: 'string' }]),
  );
}

/** For tests: what comes of these flags, and what is said about them. */
export function read(values: Record<string, string>, env: NodeJS.ProcessEnv = {}) {
  const warnings: string[] = [];
  return {
    warnings,
    settings: readSettings(optionsOf(values), env, '5.23.0', (text) => warnings.push(text)),
  };
}
