import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Settings } from './settings/index.ts';

/** Something that changes when the enroll secret does, and does not tell it. */
export function secretMark(
  { transport: { secretPath, secretEnv } }: Settings,
  env: NodeJS.ProcessEnv,
): string {
  if (secretPath !== '') {
    const { mtimeMs, size, ino } = statSync(secretPath);
    return `${mtimeMs}:${size}:${ino}`;
  }
  return createHash('sha256')
    .update(env[secretEnv] ?? '')
    .digest('hex');
}
